//! What hooks are told: arguments, environment, and a JSON object on standard input.

use serde_json::{Value, json};

use super::context::Context;
use super::script::Invocation;
use crate::ledger::queue::{Queued, Round};
use crate::plan::events::{Account, Kind};
use crate::system::clock;

/// The version of these objects. It changes when what stands there means something else; more may come without that.
const VERSION: u32 = 1;

/// What hooks are told of an event. Made once for all members of a group, since it may be long.
pub(super) struct HookInput {
    args: &'static [&'static str],
    env: Vec<(&'static str, String)>,
    /// A JSON object without what opens it, and without the key.
    json: String,
}

impl HookInput {
    pub(super) fn new(context: &Context<'_>, queued: &Queued) -> Self {
        let event = &queued.event;
        let mut env = event.environment();
        env.extend(root(context));
        let mut json = json!({
            "version": VERSION,
            "provider": queued.provider,
            "command": queued.command,
            "at": clock::written(queued.at),
            "name": event.subject.name(),
            "known": event.is_known(),
        });
        if let (Value::Object(into), Ok(Value::Object(more))) =
            (&mut json, serde_json::to_value(event))
        {
            into.extend(more);
        }
        let args: &[&str] = if event.is_known() { &["-update"] } else { &[] };
        Self {
            args,
            env,
            json: json.to_string().split_off(1),
        }
    }

    pub(super) fn plain(&self, key: String) -> Invocation<'_> {
        let input = format!("{{\"key\":{},{}\n", json!(key), self.json).into_bytes();
        Invocation {
            args: self.args,
            shared: &self.env,
            env: vec![("GOSYNC_KEY", key)],
            input,
        }
    }

    pub(super) fn for_member(&self, key: String, account: &Account, added: bool) -> Invocation<'_> {
        let member = json!({"added": added, "account": account});
        let input = format!(
            "{{\"key\":{},\"member\":{member},{}\n",
            json!(key),
            self.json
        )
        .into_bytes();
        let mut env = account.environment();
        env.push(("GOSYNC_KEY", key));
        env.push((
            "GOSYNC_MEMBER",
            if added { "added" } else { "kept" }.to_owned(),
        ));
        Invocation {
            args: self.args,
            shared: &self.env,
            env,
            input,
        }
    }
}

/// How the hooks before and after a kind are told.
pub(super) fn for_round(
    context: &Context<'_>,
    kind: Kind,
    round: &Round,
    stage: &str,
) -> Invocation<'static> {
    let key = format!("{}-{stage}-{}", round.key, round.attempts + 1);
    let input = json!({
        "version": VERSION, "key": key, "kind": kind, "stage": stage, "changed": round.changed,
    });
    let mut env = vec![
        ("GOSYNC_KIND", kind.as_str().to_owned()),
        ("GOSYNC_KEY", key),
    ];
    env.extend(root(context));
    Invocation {
        args: &[],
        shared: &[],
        env,
        input: format!("{input}\n").into_bytes(),
    }
}

fn root(context: &Context<'_>) -> Option<(&'static str, String)> {
    let dir = context.root.dir()?;
    Some(("GOSYNC_ROOT", dir.display().to_string()))
}
