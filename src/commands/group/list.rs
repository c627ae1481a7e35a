//! `gosync group list`: the catalogue of groups, for people and for web pages.

use std::sync::Arc;

use super::Client;
use crate::cli::{GroupList, ListFormat};
use crate::commands::Outcome;
use crate::error::{Error, Result};
use crate::model::first_names;
use crate::policy::NameMap;
use crate::policy::catalogue::{ListForm, portal_url};
use crate::policy::matcher::Filter;
use crate::providers::admin::ManagedGroup;
use crate::ui::listing::{self, Row};

/// How many words without effect are named.
const IDLE: usize = 5;

pub(super) fn run(client: &Client<'_>, args: &GroupList) -> Result<Outcome> {
    let catalogue = &client.setup.settings.catalogue;
    let format = match args.format {
        Some(format) => form(format),
        None if client.setup.ui.is_terminal() => ListForm::Text,
        None => catalogue.format.unwrap_or(ListForm::Html),
    };
    let star = Arc::new(catalogue.filter.clone());
    let all = ["*".to_owned()];
    let filter = Filter::with_star(
        if args.filter.is_empty() {
            &all
        } else {
            args.filter.as_slice()
        },
        Some(&star),
    )
    .map_err(Error::usage)?;
    let idle = filter.idle();
    if !idle.is_empty() {
        let words = first_names(idle.iter().map(String::as_str), IDLE);
        client.setup.ui.warn(format!(
            "words without effect: {words}; of several that are not joined, the last decides: put `or` behind them"
        ));
    }
    let base_url = match (&args.baseurl, &args.portal) {
        (Some(url), _) => url.clone(),
        (None, Some(host)) => portal_url(host),
        (None, None) => catalogue.base_url.clone(),
    };
    let groups = client.groups(true)?;
    let row = |group: &ManagedGroup| row(group, &catalogue.names, &base_url);
    let mut rows: Vec<Row> = groups
        .iter()
        .filter(|group| filter.matches(group.name.raw()))
        .map(row)
        .collect();
    rows.sort_by(|a, b| (&a.name, &a.url).cmp(&(&b.name, &b.url)));
    let text = match format {
        ListForm::Html => listing::html(&rows),
        ListForm::Csv => listing::csv(&rows).map_err(Error::failed)?,
        ListForm::Xml => listing::xml(&rows).map_err(Error::failed)?,
        ListForm::Json => listing::json(&rows),
        ListForm::Text => listing::table(&rows),
    };
    client.setup.ui.data(&text);
    Ok(Outcome::Done)
}

/// A group as it is listed; `base_url`: what its address begins with, if it has one.
fn row(group: &ManagedGroup, names: &[NameMap], base_url: &str) -> Row {
    let description = group.description.as_ref();
    Row {
        name: NameMap::apply(names, group.name.raw()),
        url: if base_url.is_empty() {
            String::new()
        } else {
            format!("{base_url}{}", group.id.as_str())
        },
        description: description.map_or("", |text| text.raw()).to_owned(),
    }
}

/// What is typed for a form.
fn form(format: ListFormat) -> ListForm {
    match format {
        ListFormat::Html => ListForm::Html,
        ListFormat::Csv => ListForm::Csv,
        ListFormat::Xml => ListForm::Xml,
        ListFormat::Json => ListForm::Json,
        ListFormat::Text => ListForm::Text,
    }
}
