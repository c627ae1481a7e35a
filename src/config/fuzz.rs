//! Configurations, for `crate::fuzzing`.

use super::{Settings, Source};

/// Files of a configuration, one after the other with a NUL between them.
pub(crate) fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let source = |(n, text): (usize, &str)| Source {
        path: format!("/etc/gosync/{n}.toml").into(),
        text: text.to_owned(),
    };
    let sources: Vec<Source> = text.split('\0').enumerate().map(source).collect();
    match Settings::new(sources, None) {
        Ok(settings) => {
            assert!(settings.provider_names().next().is_some() && settings.host_target().is_ok());
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.chars().any(char::is_control), "{told:?}");
        }
    }
}
