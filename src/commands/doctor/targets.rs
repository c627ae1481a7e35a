//! The targets that are made of what the host has: whether they can be brought in step, where somebody must answer for that.

use super::host_look::HostLook;
use super::report::{Area, Finding, Report};
use crate::model::shown;
use crate::system::clock;
use crate::targets::derived::Looked;

const AREA: Area = Area::Targets;

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    if look.unusable.is_some() {
        return report.skipped(AREA, "without a configuration the targets are not known");
    }
    let settings = look.settings();
    for (name, target) in settings.derived_targets() {
        if look.offline {
            report.skipped(AREA, "--offline");
            return;
        }
        let deadline = clock::deadline(settings.gosync.time_limit);
        let Some(looked) = target.look(deadline) else {
            continue;
        };
        if let Ok(Looked { figures, .. }) = &looked {
            report.looked(AREA, format!("{}: {figures}", shown(name)));
        }
        report.add(judge(name, looked));
    }
}

fn judge(name: &str, looked: Result<Looked, String>) -> Vec<Finding> {
    let section = format!("[target.{}]", shown(name));
    match looked {
        Err(why) => vec![AREA.problem(
            why,
            "what changes on this host does not come there until it can be reached; each sync ends with 3",
            format!("do what is said there, or mend {section}"),
        )],
        Ok(looked) => {
            let lacks = looked.lacks.into_iter();
            lacks
                .map(|it| AREA.problem(format!("{section} {}", it.what), it.why, it.fix))
                .collect()
        }
    }
}
