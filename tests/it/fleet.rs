//! Each configuration in docs/fleet.md can be read, and says what the page says of it.

use gosync::testing::config::{Settings, Source};

/// The blocks of a page that are configurations.
fn configurations() -> Vec<String> {
    let page = crate::text("docs/fleet.md");
    let blocks = page.split("```toml\n").skip(1);
    let inside = |block: &str| block.split_once("```").unwrap().0.to_owned();
    blocks.map(inside).collect()
}

#[test]
fn each_configuration_can_be_read() {
    let all = configurations();
    assert_eq!(all.len(), 7);
    for text in all {
        let source = Source {
            path: "/etc/gosync/gosync.toml".into(),
            text: text.clone(),
        };
        let settings = Settings::new(vec![source], None);
        let settings = settings.unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(settings.providers.len(), 1, "{text}");
    }
}

#[test]
fn whoever_reads_from_a_hub_gives_out_nothing() {
    for text in configurations() {
        let reads = text.contains("provider = \"hub\"");
        assert!(!reads || text.contains("ids = \"provider\""), "{text}");
    }
}
