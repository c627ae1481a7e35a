// A SCIM server of scimmy that holds everything in memory and listens on 127.0.0.1. Usage: node scimmy_server.mjs FOLDER PORT
// TOKEN; FOLDER is where npm has put its packages.
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";

const [folder, port, token] = process.argv.slice(2);
const packages = createRequire(`${folder}/`);
const express = packages("express");
const SCIMMY = packages("scimmy").default ?? packages("scimmy");
const routers = packages("scimmy-routers");
const SCIMMYRouters = routers.default ?? routers;

// What accounts need, as an extension.
const { SchemaDefinition, Attribute } = SCIMMY.Types;
const posix = new SchemaDefinition("Posix", "urn:ietf:params:scim:schemas:extension:posix:2.0:User", "Accounts", [
    new Attribute("integer", "uidNumber"),
    new Attribute("string", "homeDirectory"),
    new Attribute("string", "loginShell"),
    new Attribute("string", "sshPublicKeys", { multiValued: true }),
]);
SCIMMY.Resources.User.extend(posix);

function declare(Type) {
    const all = new Map();
    const find = (id) => {
        if (!all.has(id)) throw new SCIMMY.Types.Error(404, null, `nobody has the id ${id}`);
        return all.get(id);
    };
    SCIMMY.Resources.declare(Type)
        .ingress((resource, data) => {
            const id = resource.id ?? randomUUID();
            if (resource.id) find(id);
            const record = { ...JSON.parse(JSON.stringify(data)), id };
            all.set(id, record);
            return record;
        })
        .egress((resource) => (resource.id ? find(resource.id) : [...all.values()]))
        .degress((resource) => void (find(resource.id), all.delete(resource.id)));
}
declare(SCIMMY.Resources.User);
declare(SCIMMY.Resources.Group);

const handler = (request) => {
    if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("who are you?");
    return "gosync";
};
const app = express();
app.use("/scim", new SCIMMYRouters({ type: "bearer", handler }));
app.listen(Number(port), "127.0.0.1");
