//! Pages of servers that do as they should, and of those that do not.

use serde_json::json;

use super::*;

/// Reads from a server that answers as `serve` does, and counts the requests; the ids that
/// came, and the end.
fn read(
    cursor: bool,
    count: u32,
    serve: &mut dyn FnMut(&Ask) -> Page,
) -> (Vec<String>, Step, usize) {
    read_by(
        if cursor {
            Way::Cursor(count)
        } else {
            Way::Index(count)
        },
        serve,
    )
}

fn read_by(way: Way, serve: &mut dyn FnMut(&Ask) -> Page) -> (Vec<String>, Step, usize) {
    let mut listing = Listing::new(way);
    let (mut ask, mut came) = (listing.first(), Vec::new());
    for requests in 1..100 {
        let page = serve(&ask);
        let (fresh, step) = listing.take(&page);
        came.extend(
            page.resources
                .iter()
                .zip(fresh)
                .filter(|(_, new)| *new)
                .filter_map(|(r, _)| id(r)),
        );
        match step {
            Step::Ask(next) => ask = next,
            end => return (came, end, requests),
        }
    }
    panic!("it does not end");
}

fn people(range: std::ops::Range<usize>) -> Vec<serde_json::Value> {
    range.map(|n| json!({"id": format!("u{n}")})).collect()
}

fn page(range: std::ops::Range<usize>, total: usize) -> Page {
    Page {
        resources: people(range),
        total: Some(total as u64),
        next_cursor: None,
    }
}

fn at(ask: &Ask) -> usize {
    match ask {
        Ask::Index(n) => usize::try_from(*n).unwrap() - 1,
        Ask::Cursor(cursor) => cursor.parse().unwrap_or(0),
        Ask::Whole => 0,
        Ask::Behind(n) => usize::try_from(*n).unwrap() - 1,
    }
}

#[test]
fn servers_that_do_as_they_should_are_read_to_the_end() {
    for total in [0, 1, 9, 10, 11, 95] {
        for clamp in [1, 3, 10] {
            let mut serve =
                |ask: &Ask| page(at(ask).min(total)..(at(ask) + clamp).min(total), total);
            let (came, end, _) = read(false, 10, &mut serve);
            assert_eq!((came.len(), end), (total, Step::Done), "{total} {clamp}");
        }
    }
}

#[test]
fn servers_that_begin_at_whole_pages_are_read_too() {
    let mut serve = |ask: &Ask| {
        let begin = at(ask) / 10 * 10;
        page(begin.min(25)..(begin + 10).min(25), 25)
    };
    let (came, end, requests) = read(false, 10, &mut serve);
    assert_eq!((came.len(), end, requests), (25, Step::Done, 4));
}

#[test]
fn somebody_who_falls_through_is_noticed() {
    // u3 is deleted after the first page, and another comes at the end, so that the number
    // stays.
    let mut first = true;
    let mut serve = |ask: &Ask| {
        let all: Vec<usize> = if first {
            (0..30).collect()
        } else {
            (0..31).filter(|n| *n != 3).collect()
        };
        first = false;
        let resources = all
            .iter()
            .skip(at(ask))
            .take(10)
            .map(|n| json!({"id": format!("u{n}")}))
            .collect();
        Page {
            resources,
            total: Some(30),
            next_cursor: None,
        }
    };
    let (_, end, _) = read(false, 10, &mut serve);
    assert_eq!(end, changed());
}

#[test]
fn numbers_that_change_or_do_not_match_are_noticed() {
    let mut total = 30;
    let (_, end, _) = read(false, 10, &mut |ask| {
        total += 1;
        page(at(ask)..at(ask) + 10, total)
    });
    assert_eq!(end, changed());
    let (_, end, _) = read(false, 10, &mut |ask| {
        page(at(ask).min(15)..(at(ask) + 10).min(15), 20)
    });
    assert_eq!(end, Step::Stop("its list ended after 15 of 20".to_owned()));
    let (_, end, _) = read(false, 10, &mut |ask| page(at(ask).min(5)..5, 3));
    assert!(matches!(end, Step::Stop(_)));
    // The same person twice, and one missing.
    let (_, end, _) = read(false, 10, &mut |_| Page {
        resources: [people(0..3), people(0..1)].concat(),
        total: Some(4),
        next_cursor: None,
    });
    assert_eq!(
        end,
        Step::Stop("its list says that there are 4, and 3 came".to_owned())
    );
}

#[test]
fn a_page_that_comes_again_and_again_is_noticed() {
    let (came, end, _) = read(false, 10, &mut |_| page(0..10, 30));
    assert_eq!((came.len(), end), (10, circles()));
}

#[test]
fn a_list_that_may_be_cut_is_not_proven_whatever_it_says_of_its_number() {
    // The same page for whatever is asked for: a hundred of more, or all? Its number counts the page.
    for count in [10, 20] {
        let (came, end, _) = read(false, count, &mut |_| page(0..10, 10));
        let Step::Stop(why) = end else {
            panic!("{end:?}")
        };
        assert!(
            came.len() == 10 && why.contains("it ignores startIndex"),
            "{why}"
        );
    }
    // A window beyond which it refuses, or gives an error.
    let mut listing = Listing::new(Way::Index(10));
    let (_, step) = listing.take(&page(0..10, 10));
    assert_eq!(step, Step::Ask(Ask::Index(10)));
    let refuses = |listing: &Listing, status| match listing.refused(Some(status)) {
        Some(Step::Stop(why)) => why.contains("paging = \"none\""),
        _ => false,
    };
    assert!(
        [400, 404, 413, 422]
            .iter()
            .all(|status| refuses(&listing, *status))
    );
    assert_eq!(listing.refused(Some(500)), None);
    // Behind the last one not there is not there; what says nothing of the page is another matter.
    let (_, step) = listing.take(&page(0..10, 10));
    assert_eq!(step, Step::Ask(Ask::Index(11)));
    assert_eq!(listing.refused(Some(404)), Some(Step::Done));
    assert!(refuses(&listing, 400));
    // Where no number was said, or none that is believed, nobody can tell what is not there.
    let mut listing = Listing::new(Way::Index(10));
    let (_, step) = listing.take(&Page {
        total: None,
        ..page(0..10, 0)
    });
    assert_eq!(step, Step::Ask(Ask::Index(11)));
    assert!(refuses(&listing, 404) && refuses(&listing, 400));
    assert_eq!(listing.refused(None), None);
    // It begins elsewhere, and says the same of itself: it is read to the end.
    let (came, end, _) = read(false, 10, &mut |ask| {
        let part = at(ask).min(25)..(at(ask) + 10).min(25);
        page(part.clone(), part.len())
    });
    assert_eq!((came.len(), end), (25, Step::Done));
}

#[test]
fn the_last_page_once_more_behind_the_end_does_no_harm() {
    let mut serve = |ask: &Ask| match at(ask) < 25 {
        true => page(at(ask)..(at(ask) + 10).min(25), 25),
        false => page(15..25, 25),
    };
    let (came, end, _) = read(false, 10, &mut serve);
    assert_eq!((came.len(), end), (25, Step::Done));
}

#[test]
fn a_server_that_begins_anew_behind_the_end_is_read() {
    // scimmy: fewer than a page, one page, and more.
    for total in [1, 2, 9, 10, 11, 25] {
        let mut serve = |ask: &Ask| {
            let begin = if at(ask) < total { at(ask) } else { 0 };
            page(begin..(begin + 10).min(total), total)
        };
        let (came, end, requests) = read(false, 10, &mut serve);
        assert_eq!((came.len(), end), (total, Step::Done), "{total}");
        assert!(total > 10 || requests == 2, "{total}: {requests}");
    }
}

#[test]
fn all_at_once_is_believed_if_nothing_is_behind_it() {
    let whole = |serve: &mut dyn FnMut(&Ask) -> Page| read_by(Way::Whole, serve);
    let (came, end, requests) = whole(&mut |_| page(0..10, 10));
    assert_eq!((came.len(), end, requests), (10, Step::Done, 2));
    let (came, end, _) = whole(&mut |_| Page {
        total: None,
        ..page(0..10, 0)
    });
    assert_eq!((came.len(), end), (10, Step::Done));
    let (_, end, requests) = whole(&mut |_| page(0..0, 0));
    assert_eq!((end, requests), (Step::Done, 1));
    // A page of a default size, whose number counts it, or tells the truth.
    for total in [10, 25] {
        let (_, end, _) = whole(&mut |ask| page(at(ask)..(at(ask) + 10).min(25), total));
        assert!(matches!(end, Step::Stop(_)), "{total}");
    }
    let (_, end, _) = whole(&mut |_| Page {
        next_cursor: Some("x".to_owned()),
        ..page(0..10, 10)
    });
    assert!(matches!(end, Step::Stop(_)));
    let mut listing = Listing::new(Way::Whole);
    listing.take(&page(0..10, 10));
    assert_eq!(listing.refused(Some(500)), Some(Step::Done));
}

#[test]
fn numbers_that_count_one_page_are_not_believed() {
    let mut serve = |ask: &Ask| {
        let range = at(ask).min(25)..(at(ask) + 10).min(25);
        let total = range.len();
        page(range, total)
    };
    let (came, end, _) = read(false, 10, &mut serve);
    assert_eq!((came.len(), end), (25, Step::Done));
}

#[test]
fn without_numbers_an_empty_page_is_the_end() {
    let mut serve = |ask: &Ask| Page {
        total: None,
        ..page(at(ask).min(25)..(at(ask) + 10).min(25), 0)
    };
    let (came, end, requests) = read(false, 10, &mut serve);
    assert_eq!((came.len(), end, requests), (25, Step::Done, 4));
    let (_, end, _) = read(false, 10, &mut |_| Page {
        total: None,
        ..page(0..10, 0)
    });
    assert_eq!(end, circles());
}

fn cursors(total: Option<u64>, empty: usize) -> impl FnMut(&Ask) -> Page {
    move |ask| {
        let begin = at(ask);
        let end = if begin == empty {
            begin
        } else {
            (begin + 10).min(25)
        };
        // An empty page in between is no end.
        let next = if begin == empty { begin + 1_000 } else { end };
        let begin = begin % 1_000;
        let end = if end < begin {
            (begin + 10).min(25)
        } else {
            end
        };
        let more = end < 25 || next > 1_000;
        Page {
            resources: people(begin..end),
            total,
            next_cursor: more.then(|| next.to_string()),
        }
    }
}

#[test]
fn cursors_end_only_where_there_is_none() {
    for total in [None, Some(25)] {
        let (came, end, _) = read(true, 10, &mut cursors(total, usize::MAX));
        assert_eq!((came.len(), end), (25, Step::Done));
    }
    let (came, end, _) = read(true, 10, &mut cursors(None, 10));
    assert_eq!((came.len(), end), (25, Step::Done));
    let (_, end, _) = read(true, 10, &mut cursors(Some(26), usize::MAX));
    assert!(matches!(end, Step::Stop(_)));
}

#[test]
fn either_way_of_paging_gives_way_to_the_other() {
    let (came, end, _) = read(false, 10, &mut cursors(None, usize::MAX));
    assert_eq!(
        (came.len(), end),
        (25, Step::Done),
        "cursors that nobody asked for"
    );
    let mut serve = |ask: &Ask| page(at(ask).min(25)..(at(ask) + 10).min(25), 25);
    let (came, end, _) = read(true, 10, &mut serve);
    assert_eq!(
        (came.len(), end),
        (25, Step::Done),
        "a server without cursors"
    );
}

#[test]
fn resources_without_an_id_are_counted() {
    let mut all = people(0..25);
    for n in [9, 14] {
        all[n] = json!({"userName": "x"});
    }
    let mut nameless = 0;
    let mut listing = Listing::new(Way::Index(10));
    let mut ask = listing.first();
    let end = loop {
        let resources = all
            .iter()
            .skip(at(&ask))
            .take(10)
            .cloned()
            .collect::<Vec<_>>();
        let page = Page {
            resources,
            total: Some(25),
            next_cursor: None,
        };
        let (fresh, step) = listing.take(&page);
        nameless += page
            .resources
            .iter()
            .zip(fresh)
            .filter(|(r, new)| *new && id(r).is_none())
            .count();
        match step {
            Step::Ask(next) => ask = next,
            end => break end,
        }
    };
    assert_eq!((nameless, end), (2, Step::Done));
}
