//! The program: whom it tells its token.

use super::*;

/// Runs the program on a scratch host with a token in a file.
fn run(host: &ScratchHost, web: &Web, arguments: &[&str], proxy: &Web) -> Ran {
    let config = format!(
        "[gosync]\ntime_limit = \"3s\"\n[provider.cloud]\nkind = \"scim\"\nurl = \"{}\"\ntoken_file = \"token\"\n",
        web.url("/v2")
    );
    host.write_with_mode("gosync.toml", config, 0o644);
    let mut command = host.command(arguments);
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, proxy.url("/"));
        command.env(name.to_ascii_uppercase(), proxy.url("/"));
    }
    command.output().unwrap().into()
}

/// Every file below a folder.
fn files(dir: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out)
        } else {
            out.push(path)
        }
    }
}

#[test]
fn the_program_tells_nobody_the_token_and_asks_no_proxy_of_the_environment() {
    let proxy = Web::start(sound);
    let echo = |asked: &Asked| {
        let header = asked.header("authorization").unwrap_or_default().to_owned();
        (asked.path() == "/v2/Users")
            .then(|| Reply::json(401, &json!({"detail": format!("who is {header}?")})))
    };
    type Server = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;
    let servers: [(i32, Server); 5] = [
        (0, Box::new(sound)),
        (
            12,
            Box::new(move |asked| echo(asked).unwrap_or_else(|| sound(asked))),
        ),
        (12, Box::new(|_| Reply::new(200, "text/html", "<html>"))),
        (
            12,
            Box::new(|asked| sound(asked).spoilt(Spoil::CutAfter(100))),
        ),
        (
            12,
            Box::new(|_| Reply::new(307, "text/plain", "").header("Location", "http://127.0.0.2/")),
        ),
    ];
    let host = ScratchHost::new_in(&std::env::temp_dir());
    for (name, text) in [
        ("root/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
        ("root/etc/shadow", "root:*:20000:0:99999:7:::\n"),
        ("root/etc/group", "root:x:0:\nusers:x:100:\n"),
        ("root/etc/gshadow", "root:*::\nusers:!::\n"),
        ("root/etc/shells", "/bin/bash\n"),
        ("token", &format!("{CANARY}\n")),
    ] {
        host.write_with_mode(name, text, 0o600);
    }
    std::fs::create_dir(host.root().join("home")).unwrap();
    for (status, server) in servers {
        let web = Web::start(server);
        for arguments in [
            &["-vvv", "sync", "users"][..],
            &["-vvv", "sync", "groups", "connect"],
        ] {
            let ran = run(&host, &web, arguments, &proxy).expect(status);
            let said = ran.out + &ran.err;
            assert!(
                !said.contains("canary") && said.contains("asking"),
                "{said}"
            );
        }
        assert!(web.count() > 0);
    }
    assert_eq!(proxy.count(), 0);
    let passwd = host.read("etc/passwd");
    assert_eq!(
        passwd
            .lines()
            .filter(|line| line.starts_with("user"))
            .count(),
        25,
        "{passwd}"
    );
    let mut all = Vec::new();
    files(&host.root(), &mut all);
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        assert!(
            !bytes.windows(6).any(|window| window == b"canary"),
            "{}",
            file.display()
        );
    }
}
