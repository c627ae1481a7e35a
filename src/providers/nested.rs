//! Groups in groups: who belongs to a group by whatever way round.
//!
//! The one resolver for providers whose servers tell the groups in a group, and not who is in
//! those. What a member is called, and what to do about one whom nobody knows, is the provider's; a
//! circle ends here, a depth that is too great rejects the group (a part of its members would look
//! like all of them), and so does an inner group that cannot be used. Pure; linear in the
//! memberships that come of it, and their number has a limit.

use crate::model::history::EntryKind;
use crate::model::{Group, Membership, RejectedRecord, RemoteId, Role, Status};

/// A group as it stands, with `P` for the people in it.
#[derive(Debug)]
pub(super) struct Node<P> {
    /// The people listed in it.
    pub people: Vec<P>,
    /// The groups listed in it, by their places among the nodes.
    pub inner: Vec<usize>,
    /// Why its members cannot all be told.
    pub broken: Option<String>,
}

/// How far groups in groups are followed.
#[derive(Clone, Copy)]
pub(super) struct Limits<'a> {
    /// How many levels below a group.
    pub depth: usize,
    /// How many memberships in all, groups in groups multiplied out.
    pub memberships: usize,
    /// Whether there is time and memory left; asked after every [`STEP`] memberships.
    pub go_on: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits")
            .field("depth", &self.depth)
            .field("memberships", &self.memberships)
            .finish_non_exhaustive()
    }
}

/// How many memberships are resolved before it is asked whether to go on.
const STEP: usize = 1 << 16;

/// What came of the groups.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub groups: Vec<Group>,
    pub rejected: Vec<RejectedRecord>,
    /// The groups in groups multiply out to more than the limit.
    pub endless: bool,
    /// There was no time or memory left; not all groups are here.
    pub stopped: bool,
}

/// Gives groups their members, those of the groups in them included. `groups` stand in the order of
/// `nodes`; `None`: a group that was not asked for, and is here only because it is in another. A
/// group that cannot be used is rejected, and may still be in one that can. `id` tells whom a `P`
/// means.
pub(super) fn resolve<P: Ord + Clone>(
    groups: Vec<Option<Result<Group, RejectedRecord>>>,
    nodes: &[Node<P>],
    limits: Limits<'_>,
    id: impl Fn(P) -> Option<RemoteId>,
) -> Resolved {
    let mut out = Resolved::default();
    let mut walk = Walk {
        nodes,
        depth: limits.depth,
        budget: limits.memberships,
        ask_at: limits.memberships,
        go_on: limits.go_on,
        seen: vec![usize::MAX; nodes.len()],
    };
    let member = |user| Membership {
        user,
        role: Role::Member,
        status: Status::Active,
    };
    for (place, group) in groups.into_iter().enumerate() {
        let mut group = match group {
            None => continue,
            Some(Err(record)) => {
                out.rejected.push(record);
                continue;
            }
            Some(Ok(group)) => group,
        };
        match walk.everybody(place) {
            Ok(people) => {
                group.members = people.into_iter().filter_map(&id).map(member).collect();
                out.groups.push(group);
            }
            Err(Stop::Rejected(reason)) => {
                let (id, name) = (Some(group.id), group.name);
                let record = RejectedRecord::new(EntryKind::Group, id, name, reason);
                out.rejected.push(record.naming(group.gid));
            }
            Err(Stop::Endless) => out.endless = true,
            Err(Stop::Stopped) => {
                out.stopped = true;
                break;
            }
        }
    }
    out
}

/// Why nobody is told of a group's members.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    Rejected(String),
    Endless,
    Stopped,
}

/// A walk from each group to the groups in it.
struct Walk<'a, P> {
    nodes: &'a [Node<P>],
    depth: usize,
    /// How many memberships may still come.
    budget: usize,
    /// What is left of that when it is asked again whether to go on.
    ask_at: usize,
    go_on: &'a dyn Fn() -> bool,
    /// For each node the last one from which it was reached.
    seen: Vec<usize>,
}

impl<P: Ord + Clone> Walk<'_, P> {
    /// Everybody in the group at `start` or in a group in it, each once and in order.
    fn everybody(&mut self, start: usize) -> Result<Vec<P>, Stop> {
        let mut people = Vec::new();
        self.reach(start, start);
        let mut level = vec![start];
        for depth in 0.. {
            let mut next = Vec::new();
            for node in level.iter().filter_map(|place| self.nodes.get(*place)) {
                if let Some(reason) = &node.broken {
                    return Err(Stop::Rejected(reason.clone()));
                }
                let cost = node.people.len() + node.inner.len() + 1;
                self.budget = self.budget.checked_sub(cost).ok_or(Stop::Endless)?;
                if self.budget < self.ask_at {
                    self.ask_at = self.budget.saturating_sub(STEP);
                    if !(self.go_on)() {
                        return Err(Stop::Stopped);
                    }
                }
                people.extend_from_slice(&node.people);
                next.extend(node.inner.iter().filter(|place| self.reach(**place, start)));
            }
            if next.is_empty() {
                break;
            }
            if depth == self.depth {
                let reason = format!("groups are nested in it more than {depth} levels deep");
                return Err(Stop::Rejected(reason));
            }
            level = next;
        }
        people.sort_unstable();
        people.dedup();
        Ok(people)
    }

    /// Whether the node at `place` is reached from `start` for the first time.
    fn reach(&mut self, place: usize, start: usize) -> bool {
        let seen = self.seen.get_mut(place);
        seen.is_some_and(|seen| std::mem::replace(seen, start) != start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Untrusted;

    const LIMITS: Limits<'static> = Limits {
        depth: 3,
        memberships: 1_000,
        go_on: &|| true,
    };

    fn node(people: &[u32], inner: &[usize]) -> Node<u32> {
        Node {
            people: people.to_vec(),
            inner: inner.to_vec(),
            broken: None,
        }
    }

    fn group(place: usize) -> Group {
        Group {
            id: RemoteId::new(&format!("g{place}")).unwrap(),
            name: Untrusted::new(format!("group {place}")),
            description: None,
            parent: None,
            gid: None,
            members: Vec::new(),
        }
    }

    /// All groups of `nodes`, resolved.
    fn all(nodes: &[Node<u32>], limits: Limits<'_>) -> Resolved {
        let groups = (0..nodes.len()).map(|place| Some(Ok(group(place))));
        resolve(groups.collect(), nodes, limits, |n| {
            RemoteId::new(&n.to_string())
        })
    }

    /// Of each group that has members, who they are.
    fn people(resolved: &Resolved) -> Vec<Vec<&str>> {
        let groups = resolved.groups.iter();
        groups
            .map(|group| group.members.iter().map(|m| m.user.as_str()).collect())
            .collect()
    }

    #[test]
    fn whoever_is_in_an_inner_group_is_a_member_once() {
        let nodes = [
            node(&[3, 1], &[1, 2]),
            node(&[1, 2], &[2]),
            node(&[4, 4], &[]),
        ];
        let resolved = all(&nodes, LIMITS);
        assert_eq!(
            people(&resolved),
            [vec!["1", "2", "3", "4"], vec!["1", "2", "4"], vec!["4"]]
        );
        assert!(resolved.rejected.is_empty() && !resolved.endless);
    }

    #[test]
    fn a_circle_ends() {
        let nodes = [node(&[1], &[1]), node(&[2], &[0, 1])];
        assert_eq!(
            people(&all(&nodes, LIMITS)),
            [vec!["1", "2"], vec!["1", "2"]]
        );
    }

    #[test]
    fn too_deep_is_rejected_and_never_shortened() {
        let nodes: Vec<_> = (0..5)
            .map(|n| match n {
                4 => node(&[7], &[]),
                n => node(&[], &[n + 1]),
            })
            .collect();
        let resolved = all(&nodes, LIMITS);
        assert_eq!(resolved.groups.len(), 4, "all but the outermost");
        assert_eq!(resolved.groups[0].id.as_str(), "g1");
        let record = &resolved.rejected[0];
        assert_eq!(record.id.as_ref().unwrap().as_str(), "g0");
        assert_eq!(
            record.reason,
            "groups are nested in it more than 3 levels deep"
        );
    }

    #[test]
    fn an_inner_group_whose_members_cannot_be_told_spoils_those_around_it() {
        let mut nodes = [node(&[1], &[1]), node(&[], &[2]), node(&[2], &[])];
        nodes[1].broken = Some("why".to_owned());
        let resolved = all(&nodes, LIMITS);
        assert_eq!(people(&resolved), [["2"]]);
        let reasons: Vec<&str> = resolved.rejected.iter().map(|r| &*r.reason).collect();
        assert_eq!(reasons, ["why", "why"]);
    }

    #[test]
    fn only_what_was_asked_for_is_given_back() {
        let name = Untrusted::new("x");
        let record = RejectedRecord::new(EntryKind::Group, None, name, "unfit");
        let nodes = [node(&[1], &[1, 2]), node(&[2], &[]), node(&[3], &[])];
        let groups = vec![Some(Ok(group(0))), None, Some(Err(record.clone()))];
        let known = |n: u32| RemoteId::new(&n.to_string()).filter(|_| n != 2);
        let resolved = resolve(groups, &nodes, LIMITS, known);
        assert_eq!(people(&resolved), [["1", "3"]], "2 means nobody");
        assert_eq!(resolved.rejected, [record]);
    }

    #[test]
    fn it_stops_where_there_is_no_time_left() {
        let nodes = [node(&[1], &[]), node(&[2], &[])];
        let late = Limits {
            go_on: &|| false,
            ..LIMITS
        };
        let resolved = all(&nodes, late);
        assert!(resolved.stopped && resolved.groups.is_empty());
        // Many small groups are asked about as often as one large one.
        let asked = std::cell::Cell::new(0);
        let nodes: Vec<_> = (0..3 * STEP as u32).map(|n| node(&[n], &[])).collect();
        let counted = Limits {
            memberships: 10 * STEP,
            go_on: &|| {
                asked.set(asked.get() + 1);
                true
            },
            ..LIMITS
        };
        assert!(!all(&nodes, counted).stopped);
        assert!((3..=8).contains(&asked.get()), "{}", asked.get());
    }

    #[test]
    fn what_multiplies_without_end_is_stopped() {
        let everything: Vec<usize> = (0..40).collect();
        let nodes: Vec<_> = (0..40).map(|n| node(&[n], &everything)).collect();
        let resolved = all(&nodes, LIMITS);
        assert!(resolved.endless && resolved.groups.is_empty());
        let roomy = Limits {
            memberships: 40 * 40 * 42,
            ..LIMITS
        };
        let resolved = all(&nodes, roomy);
        assert!(!resolved.endless && resolved.groups.len() == 40);
    }
}
