PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('generation',19);
INSERT INTO meta VALUES('txn',19);
CREATE TABLE accounts (
        provider TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, uid INTEGER NOT NULL UNIQUE, gid INTEGER NOT NULL, private INTEGER NOT NULL,
        state TEXT NOT NULL, gecos TEXT NOT NULL, home TEXT NOT NULL, shell TEXT NOT NULL, subid INTEGER,
        absent_since INTEGER, absent_runs INTEGER NOT NULL DEFAULT 0, txn INTEGER, locked INTEGER NOT NULL DEFAULT 0, expire TEXT NOT NULL DEFAULT '', alias TEXT,
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
INSERT INTO accounts VALUES('sample','u-1','alix',20000,20000,1,'active','Alice Hargreaves','/home/alice','/bin/bash',1000000,NULL,0,NULL,0,'',NULL);
INSERT INTO accounts VALUES('sample','u-2','bob',20001,20001,1,'active','Bob Sawyer','/home/bob','/bin/bash',1065536,NULL,0,NULL,0,'',NULL);
INSERT INTO accounts VALUES('sample','u-3','carol',20002,20002,1,'active','Carol','/home/carol','/bin/zsh',1131072,NULL,0,NULL,0,'',NULL);
INSERT INTO accounts VALUES('sample','u-4','dan',20003,20003,1,'locked','Dan','/home/dan','/bin/bash',1196608,NULL,0,NULL,0,'',NULL);
INSERT INTO accounts VALUES('sample','u-5','eve',20500,20500,1,'removed','Eve','/home/eve','/bin/bash',1262144,NULL,0,NULL,0,'',NULL);
INSERT INTO accounts VALUES('sample','u-6','fay',20004,20004,1,'locked','Fay','/home/fay','/bin/bash',1327680,NULL,0,NULL,0,'',NULL);
INSERT INTO accounts VALUES('sample','u-7','gus',1001,100,0,'active','Gus','/home/gus','/bin/bash',NULL,NULL,0,NULL,0,'',NULL);
INSERT INTO accounts VALUES('sample','u-8','hal',1002,100,0,'released','Hal','/home/hal','/bin/bash',NULL,NULL,0,NULL,1,'30000',NULL);
INSERT INTO accounts VALUES('sample','u-9','ida',20005,20005,1,'active','Ida','/home/ida','/bin/bash',1393216,1792422059,1,NULL,0,'',NULL);
CREATE TABLE unix_groups (
        provider TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, gid INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, members TEXT NOT NULL, txn INTEGER, alias TEXT,
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
INSERT INTO unix_groups VALUES('sample','g-1','astronomy',60000,'active','alix,bob,carol',NULL,NULL);
INSERT INTO unix_groups VALUES('sample','g-2','climate',1300,'active','',NULL,NULL);
INSERT INTO unix_groups VALUES('sample','g-3','short',60001,'active','',NULL,NULL);
INSERT INTO unix_groups VALUES('sample','g-6','fleeting',60002,'active','',NULL,NULL);
CREATE TABLE pending (txn INTEGER NOT NULL, seq INTEGER NOT NULL, provider TEXT NOT NULL, edit TEXT NOT NULL,
        PRIMARY KEY (txn, seq)) WITHOUT ROWID;
CREATE TABLE losses (at INTEGER NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        count INTEGER NOT NULL);
INSERT INTO losses VALUES(1792422057,'sample','gain','docker',2);
INSERT INTO losses VALUES(1792422057,'sample','rename','u-1',1);
INSERT INTO losses VALUES(1792422057,'sample','account','u-4',1);
INSERT INTO losses VALUES(1792422057,'sample','keys','u-2',1);
INSERT INTO losses VALUES(1792422057,'sample','rename','g-1',1);
INSERT INTO losses VALUES(1792422057,'sample','member','g-1',1);
INSERT INTO losses VALUES(1792422057,'sample','member','g-2',1);
INSERT INTO losses VALUES(1792422057,'sample','local','instruments',1);
INSERT INTO losses VALUES(1792422058,'sample','account','u-6',1);
INSERT INTO losses VALUES(1792422058,'sample','group','g-3',1);
INSERT INTO losses VALUES(1792422058,'sample','group','g-6',1);
INSERT INTO losses VALUES(1792422058,'sample','archive','u-4',1);
INSERT INTO losses VALUES(1792422058,'sample','archive','u-6',1);
INSERT INTO losses VALUES(1792422058,'sample','account','u-5',1);
INSERT INTO losses VALUES(1792422059,'sample','account','u-3',1);
INSERT INTO losses VALUES(1792422059,'sample','account','u-3',1);
CREATE TABLE runs (txn INTEGER PRIMARY KEY, at INTEGER NOT NULL, provider TEXT NOT NULL, command TEXT NOT NULL,
        digest TEXT NOT NULL, counts TEXT NOT NULL);
INSERT INTO runs VALUES(1,1792422056,'sample','sync users','a80d383117b0b4b317577a1eec68abd5','{"created":7,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":2,"adopted":0,"released":0,"keys":2}');
INSERT INTO runs VALUES(2,1792422057,'sample','adopt','38c5cdaa27cc4bac6038e8b4246e7bb4','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":1,"released":0,"keys":0}');
INSERT INTO runs VALUES(3,1792422057,'sample','adopt','a6b702bcddfad299e443616b7068664e','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":1,"released":0,"keys":0}');
INSERT INTO runs VALUES(4,1792422057,'sample','adopt','e23e03052693acce9a6b4035c7b301fc','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":1,"released":0,"keys":0}');
INSERT INTO runs VALUES(5,1792422057,'sample','sync groups','aeabd1d2747aa7a7d260512edbbc4ba0','{"created":3,"changed":2,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":1,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(6,1792422057,'sample','sync users','71dd0da9442573ff3676fdcececdd9ec','{"created":0,"changed":2,"locked":1,"unlocked":0,"removed":0,"renamed":1,"archived":0,"unchanged":5,"refused":0,"adopted":0,"released":0,"keys":1}');
INSERT INTO runs VALUES(7,1792422057,'sample','sync groups','1dd2e670ef3786eadb2700f20d93c8f7','{"created":0,"changed":3,"locked":0,"unlocked":0,"removed":0,"renamed":1,"archived":0,"unchanged":3,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(8,1792422058,'sample','sync users','6b4f1a09e879508039e742a68d950070','{"created":0,"changed":0,"locked":1,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":8,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(9,1792422058,'sample','sync groups','2e4d1585510bced3d15db6a64984e7e0','{"created":0,"changed":2,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":4,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(10,1792422058,'sample','sync users','d4768a926fbd018e917baa9855b37b42','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":2,"unchanged":7,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(11,1792422058,'sample','sync users','28441627d67845fccb21fe57672ec122','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":0,"released":0,"keys":2}');
INSERT INTO runs VALUES(12,1792422058,'sample','sync users','fefcc8d81cedd307d27e11da9d9b482a','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":0,"released":0,"keys":2}');
INSERT INTO runs VALUES(13,1792422058,'sample','deluser','8d86ef34e98064ba2a4834b80796f4e0','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":1,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(14,1792422059,'sample','deluser','1da5b49e18bc4880e2c07d02573d6efd','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":1,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(15,1792422059,'sample','sync users','535bb31ab6da2a250aa7295be8ddcd68','{"created":1,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(16,1792422059,'sample','release','501617f5722e5e1d75eeba00416e015c','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":0,"released":1,"keys":0}');
INSERT INTO runs VALUES(17,1792422059,'sample','undo 15','4649971309a8299a33ae056df528a4a9','{"created":0,"changed":0,"locked":0,"unlocked":0,"removed":1,"renamed":0,"archived":0,"unchanged":0,"refused":0,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(18,1792422059,'sample','sync users','d12cd19d11ebfb2bbcb60be257a1f6fe','{"created":1,"changed":0,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":6,"refused":2,"adopted":0,"released":0,"keys":0}');
INSERT INTO runs VALUES(19,1792422060,'sample','sync groups','325cea0ba5354faba13d0187d66746c9','{"created":0,"changed":1,"locked":0,"unlocked":0,"removed":0,"renamed":0,"archived":0,"unchanged":5,"refused":0,"adopted":0,"released":0,"keys":0}');
CREATE TABLE local_members (provider TEXT NOT NULL, name TEXT NOT NULL, members TEXT NOT NULL,
        PRIMARY KEY (provider, name)) WITHOUT ROWID;
INSERT INTO local_members VALUES('sample','docker','alix');
INSERT INTO local_members VALUES('sample','instruments','alix');
CREATE TABLE rungs (
        provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        absent_since INTEGER, absent_runs INTEGER NOT NULL DEFAULT 0, since INTEGER, archive TEXT,
        PRIMARY KEY (provider, kind, id)) WITHOUT ROWID;
INSERT INTO rungs VALUES('sample','account','u-4',NULL,0,1792422057,'/var/lib/gosync/homes/dan-20003-20261128T150057Z.tar.zst');
INSERT INTO rungs VALUES('sample','account','u-6',NULL,0,1792422058,'/var/lib/gosync/homes/fay-20004-20261128T150058Z.tar.zst');
INSERT INTO rungs VALUES('sample','group','g-2',1792422060,1,NULL,NULL);
INSERT INTO rungs VALUES('sample','group','g-3',1792422057,1,1792422058,NULL);
INSERT INTO rungs VALUES('sample','group','g-6',1792422057,1,1792422058,NULL);
CREATE TABLE former_names (
        provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (provider, kind, id, name)) WITHOUT ROWID;
INSERT INTO former_names VALUES('sample','account','u-1','alice');
INSERT INTO former_names VALUES('sample','group','g-1','physics');
CREATE TABLE archives (provider TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL);
INSERT INTO archives VALUES('sample','u-4',1792422058,'/var/lib/gosync/homes/dan-20003-20261128T150057Z.tar.zst');
INSERT INTO archives VALUES('sample','u-6',1792422058,'/var/lib/gosync/homes/fay-20004-20261128T150058Z.tar.zst');
CREATE TABLE hook_queue (txn INTEGER NOT NULL, seq INTEGER NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL,
        subject TEXT NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, command TEXT NOT NULL, body TEXT NOT NULL,
        at INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        given_up INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', PRIMARY KEY (txn, seq)) WITHOUT ROWID;
INSERT INTO hook_queue VALUES(6,15,'sample','user','u-2','bob','updated','sync users','{"kind":"user","event":"updated","id":"u-2","account":{"name":"bob","uid":20001,"gid":20001,"gecos":"Bob Sawyer","home":"/home/bob","shell":"/bin/bash","email":"bob@example.org","ssh_keys":[]},"changes":[{"change":"set-keys","id":"u-2","name":"bob","at":{"file":{"path":"/etc/ssh/authorized_keys.d/bob"}},"cause":"wanted","before":["SHA256:LL36uqqm0nd9OVkkDUG59/43WPErzGHxWLiCPDrNUDk"],"after":[],"text":""}]}',1788966057,1792422117,1,0,'[SCRATCH]/hooks/user.d/20-quota: exit code 1: no quota for bob');
CREATE TABLE hook_done (txn INTEGER NOT NULL, seq INTEGER NOT NULL, step TEXT NOT NULL,
        PRIMARY KEY (txn, seq, step)) WITHOUT ROWID;
INSERT INTO hook_done VALUES(6,15,'[SCRATCH]/hooks/user.d/10-note');
CREATE TABLE changes (
        txn INTEGER NOT NULL, seq INTEGER NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, change TEXT NOT NULL, detail TEXT, before TEXT, after TEXT NOT NULL,
        PRIMARY KEY (txn, seq)) WITHOUT ROWID;
INSERT INTO changes VALUES(1,1,'sample','account','u-1','alice','create-account',NULL,NULL,'{"name":"alice","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Liddell","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,2,'sample','account','u-2','bob','create-account',NULL,NULL,'{"name":"bob","uid":20001,"gid":20001,"private":1,"state":"active","gecos":"Bob Sawyer","home":"/home/bob","shell":"/bin/bash","subid":1065536,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,3,'sample','account','u-3','carol','create-account',NULL,NULL,'{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"active","gecos":"Carol","home":"/home/carol","shell":"/bin/bash","subid":1131072,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,4,'sample','account','u-4','dan','create-account',NULL,NULL,'{"name":"dan","uid":20003,"gid":20003,"private":1,"state":"active","gecos":"Dan","home":"/home/dan","shell":"/bin/bash","subid":1196608,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,5,'sample','account','u-5','eve','create-account',NULL,NULL,'{"name":"eve","uid":20500,"gid":20500,"private":1,"state":"active","gecos":"Eve","home":"/home/eve","shell":"/bin/bash","subid":1262144,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,6,'sample','account','u-6','fay','create-account',NULL,NULL,'{"name":"fay","uid":20004,"gid":20004,"private":1,"state":"active","gecos":"Fay","home":"/home/fay","shell":"/bin/bash","subid":1327680,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,7,'sample','account','u-9','ida','create-account',NULL,NULL,'{"name":"ida","uid":20005,"gid":20005,"private":1,"state":"active","gecos":"Ida","home":"/home/ida","shell":"/bin/bash","subid":1393216,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,8,'sample','account','u-1','alice','set-keys','{"keys":{"from":[],"to":["SHA256:/khtFkHEreeOI55foVjRa6WTr55TrMoL2Vpj7LvYYHs"]}}','{"name":"alice","uid":20000,"gid":20000,"private":1,"state":"reserved","gecos":"Alice Liddell","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}','{"name":"alice","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Liddell","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(1,9,'sample','account','u-2','bob','set-keys','{"keys":{"from":[],"to":["SHA256:LL36uqqm0nd9OVkkDUG59/43WPErzGHxWLiCPDrNUDk"]}}','{"name":"bob","uid":20001,"gid":20001,"private":1,"state":"reserved","gecos":"Bob Sawyer","home":"/home/bob","shell":"/bin/bash","subid":1065536,"locked":0,"expire":"","alias":null}','{"name":"bob","uid":20001,"gid":20001,"private":1,"state":"active","gecos":"Bob Sawyer","home":"/home/bob","shell":"/bin/bash","subid":1065536,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(2,1,'sample','account','u-7','gus','adopt-account','{"before":{"gecos":"Gus Old"}}',NULL,'{"name":"gus","uid":1001,"gid":100,"private":0,"state":"active","gecos":"Gus","home":"/home/gus","shell":"/bin/bash","subid":null,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(3,1,'sample','account','u-8','hal','adopt-account',NULL,NULL,'{"name":"hal","uid":1002,"gid":100,"private":0,"state":"active","gecos":"Hal","home":"/home/hal","shell":"/bin/bash","subid":null,"locked":1,"expire":"30000","alias":null}');
INSERT INTO changes VALUES(4,1,'sample','group','g-2','climate','adopt-group',NULL,NULL,'{"name":"climate","gid":1300,"state":"active","members":"carol,eve","alias":null}');
INSERT INTO changes VALUES(5,1,'sample','group','g-1','physics','create-group',NULL,NULL,'{"name":"physics","gid":60000,"state":"active","members":"alice,bob,dan","alias":null}');
INSERT INTO changes VALUES(5,2,'sample','group','g-3','short','create-group',NULL,NULL,'{"name":"short","gid":60001,"state":"active","members":"carol","alias":null}');
INSERT INTO changes VALUES(5,3,'sample','group','g-6','fleeting','create-group',NULL,NULL,'{"name":"fleeting","gid":60002,"state":"active","members":"","alias":null}');
INSERT INTO changes VALUES(5,4,'sample','local-group','docker','docker','change-local-members',NULL,'{"name":"docker","members":""}','{"name":"docker","members":"alice,carol"}');
INSERT INTO changes VALUES(5,5,'sample','local-group','instruments','instruments','change-local-members',NULL,'{"name":"instruments","members":""}','{"name":"instruments","members":"alice,dan"}');
INSERT INTO changes VALUES(6,1,'sample','account','u-1','alix','rename-account',NULL,'{"name":"alice","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Liddell","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(6,2,'sample','account','u-1','alix','update-account',NULL,'{"name":"alice","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Liddell","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(6,3,'sample','account','u-3','carol','update-account',NULL,'{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"active","gecos":"Carol","home":"/home/carol","shell":"/bin/bash","subid":1131072,"locked":0,"expire":"","alias":null}','{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"active","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(6,4,'sample','account','u-4','dan','lock-account','{"reason":"the provider shuts this person out"}','{"name":"dan","uid":20003,"gid":20003,"private":1,"state":"active","gecos":"Dan","home":"/home/dan","shell":"/bin/bash","subid":1196608,"locked":0,"expire":"","alias":null}','{"name":"dan","uid":20003,"gid":20003,"private":1,"state":"locked","gecos":"Dan","home":"/home/dan","shell":"/bin/bash","subid":1196608,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(6,5,'sample','account','u-2','bob','set-keys','{"keys":{"from":["SHA256:LL36uqqm0nd9OVkkDUG59/43WPErzGHxWLiCPDrNUDk"],"to":[]}}','{"name":"bob","uid":20001,"gid":20001,"private":1,"state":"active","gecos":"Bob Sawyer","home":"/home/bob","shell":"/bin/bash","subid":1065536,"locked":0,"expire":"","alias":null}','{"name":"bob","uid":20001,"gid":20001,"private":1,"state":"active","gecos":"Bob Sawyer","home":"/home/bob","shell":"/bin/bash","subid":1065536,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(7,1,'sample','group','g-1','astronomy','rename-group',NULL,'{"name":"physics","gid":60000,"state":"active","members":"alix,bob,dan","alias":null}','{"name":"astronomy","gid":60000,"state":"active","members":"alix,bob","alias":null}');
INSERT INTO changes VALUES(7,2,'sample','group','g-1','astronomy','change-members',NULL,'{"name":"physics","gid":60000,"state":"active","members":"alix,bob,dan","alias":null}','{"name":"astronomy","gid":60000,"state":"active","members":"alix,bob","alias":null}');
INSERT INTO changes VALUES(7,3,'sample','group','g-2','climate','change-members',NULL,'{"name":"climate","gid":1300,"state":"active","members":"carol,eve","alias":null}','{"name":"climate","gid":1300,"state":"active","members":"carol","alias":null}');
INSERT INTO changes VALUES(7,4,'sample','local-group','instruments','instruments','change-local-members',NULL,'{"name":"instruments","members":"alix,dan"}','{"name":"instruments","members":"alix"}');
INSERT INTO changes VALUES(8,1,'sample','account','u-6','fay','lock-account','{"reason":"missing in 2 complete reads"}','{"name":"fay","uid":20004,"gid":20004,"private":1,"state":"active","gecos":"Fay","home":"/home/fay","shell":"/bin/bash","subid":1327680,"locked":0,"expire":"","alias":null}','{"name":"fay","uid":20004,"gid":20004,"private":1,"state":"locked","gecos":"Fay","home":"/home/fay","shell":"/bin/bash","subid":1327680,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(9,1,'sample','group','g-3','short','empty-group',NULL,'{"name":"short","gid":60001,"state":"active","members":"carol","alias":null}','{"name":"short","gid":60001,"state":"active","members":"","alias":null}');
INSERT INTO changes VALUES(9,2,'sample','group','g-6','fleeting','empty-group',NULL,'{"name":"fleeting","gid":60002,"state":"active","members":"","alias":null}','{"name":"fleeting","gid":60002,"state":"active","members":"","alias":null}');
INSERT INTO changes VALUES(10,1,'sample','account','u-4','dan','archive-home','{"archived":"/var/lib/gosync/homes/dan-20003-20261128T150057Z.tar.zst"}','{"name":"dan","uid":20003,"gid":20003,"private":1,"state":"locked","gecos":"Dan","home":"/home/dan","shell":"/bin/bash","subid":1196608,"locked":0,"expire":"","alias":null}','{"name":"dan","uid":20003,"gid":20003,"private":1,"state":"locked","gecos":"Dan","home":"/home/dan","shell":"/bin/bash","subid":1196608,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(10,2,'sample','account','u-6','fay','archive-home','{"archived":"/var/lib/gosync/homes/fay-20004-20261128T150058Z.tar.zst"}','{"name":"fay","uid":20004,"gid":20004,"private":1,"state":"locked","gecos":"Fay","home":"/home/fay","shell":"/bin/bash","subid":1327680,"locked":0,"expire":"","alias":null}','{"name":"fay","uid":20004,"gid":20004,"private":1,"state":"locked","gecos":"Fay","home":"/home/fay","shell":"/bin/bash","subid":1327680,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(11,1,'sample','account','u-1','alix','set-keys','{"keys":{"from":["SHA256:/khtFkHEreeOI55foVjRa6WTr55TrMoL2Vpj7LvYYHs"],"to":[]}}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(11,2,'sample','account','u-1','alix','set-keys','{"keys":{"from":[],"to":["SHA256:/khtFkHEreeOI55foVjRa6WTr55TrMoL2Vpj7LvYYHs"]}}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(12,1,'sample','account','u-1','alix','set-keys','{"keys":{"from":[],"to":["SHA256:/khtFkHEreeOI55foVjRa6WTr55TrMoL2Vpj7LvYYHs"]}}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(12,2,'sample','account','u-1','alix','set-keys','{"keys":{"from":[],"to":[]}}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}','{"name":"alix","uid":20000,"gid":20000,"private":1,"state":"active","gecos":"Alice Hargreaves","home":"/home/alice","shell":"/bin/bash","subid":1000000,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(13,1,'sample','account','u-5','eve','remove-account','{"home":{"archive":{"path":"/home/eve","into":"/srv/archive"}}}','{"name":"eve","uid":20500,"gid":20500,"private":1,"state":"active","gecos":"Eve","home":"/home/eve","shell":"/bin/bash","subid":1262144,"locked":0,"expire":"","alias":null}','{"name":"eve","uid":20500,"gid":20500,"private":1,"state":"removed","gecos":"Eve","home":"/home/eve","shell":"/bin/bash","subid":1262144,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(14,1,'sample','account','u-3','carol','remove-account','{"home":"keep"}','{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"active","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}','{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"removed","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(14,2,'sample','group','g-2','climate','leave-group',NULL,'{"name":"climate","gid":1300,"state":"active","members":"carol","alias":null}','{"name":"climate","gid":1300,"state":"active","members":"","alias":null}');
INSERT INTO changes VALUES(14,3,'sample','local-group','docker','docker','leave-group',NULL,'{"name":"docker","members":"alix,carol"}','{"name":"docker","members":"alix"}');
INSERT INTO changes VALUES(15,1,'sample','account','u-3','carol','create-account',NULL,'{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"removed","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}','{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"active","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(16,1,'sample','account','u-8','hal','release-account',NULL,'{"name":"hal","uid":1002,"gid":100,"private":0,"state":"active","gecos":"Hal","home":"/home/hal","shell":"/bin/bash","subid":null,"locked":1,"expire":"30000","alias":null}','{"name":"hal","uid":1002,"gid":100,"private":0,"state":"released","gecos":"Hal","home":"/home/hal","shell":"/bin/bash","subid":null,"locked":1,"expire":"30000","alias":null}');
INSERT INTO changes VALUES(17,1,'sample','account','u-3','carol','remove-account','{"home":"keep"}','{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"active","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}','{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"removed","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(18,1,'sample','account','u-3','carol','create-account',NULL,'{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"removed","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}','{"name":"carol","uid":20002,"gid":20002,"private":1,"state":"active","gecos":"Carol","home":"/home/carol","shell":"/bin/zsh","subid":1131072,"locked":0,"expire":"","alias":null}');
INSERT INTO changes VALUES(19,1,'sample','group','g-1','astronomy','change-members',NULL,'{"name":"astronomy","gid":60000,"state":"active","members":"alix,bob","alias":null}','{"name":"astronomy","gid":60000,"state":"active","members":"alix,bob,carol","alias":null}');
CREATE TABLE keys (
        provider TEXT NOT NULL, id TEXT NOT NULL, place TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL,
        PRIMARY KEY (provider, id, place)) WITHOUT ROWID;
INSERT INTO keys VALUES('sample','u-1','directory','/etc/ssh/authorized_keys.d/alix','fbc189b578e6629c0b15336f9e4d719cb4461e1d95383e4bcc35202d95c4b4e8');
INSERT INTO keys VALUES('sample','u-1','home','/home/alice','');
INSERT INTO keys VALUES('sample','u-2','directory','/etc/ssh/authorized_keys.d/bob','');
CREATE TABLE contacts (
        provider TEXT NOT NULL, id TEXT NOT NULL, email TEXT, ssh_keys TEXT NOT NULL,
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
INSERT INTO contacts VALUES('sample','u-1','alice@example.org','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH9Wg6oyZlrUC7qhImBVnoLAYFeqPpqy5VrX4v+/LjgD alice@laptop');
INSERT INTO contacts VALUES('sample','u-2','bob@example.org','');
INSERT INTO contacts VALUES('sample','u-7',NULL,'');
INSERT INTO contacts VALUES('sample','u-9',NULL,'');
CREATE INDEX hook_subjects ON hook_queue (kind, provider, subject, given_up, txn, seq);
COMMIT;
PRAGMA user_version=7;
