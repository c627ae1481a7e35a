//! Which of several values of a field counts. Servers give them in whatever order they like, and another one in the next
//! read must not change an account: so the choice hangs on the values alone. Pure.

/// Of several texts that are as good as each other, the one that counts: the smallest, byte by byte. Those without a
/// letter or a digit say nothing.
pub(super) fn steady<T: AsRef<str> + Ord>(values: impl IntoIterator<Item = T>) -> Option<T> {
    values.into_iter().filter(|text| says(text.as_ref())).min()
}

/// The full name that counts: the longest, since what is shorter is mostly a part of it, and of several the smallest.
pub(super) fn full_name<T: AsRef<str> + Ord>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let said = values.into_iter().filter(|text| says(text.as_ref()));
    let length = |text: &T| text.as_ref().chars().count();
    said.min_by(|a, b| (length(b), a).cmp(&(length(a), b)))
}

/// Whether a text says anything: a comment field of blanks or commas does not.
pub(super) fn says(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_choice_does_not_hang_on_the_order() {
        for texts in [["b@x", "a@x"], ["a@x", "b@x"]] {
            assert_eq!(steady(all(&texts)).as_deref(), Some("a@x"));
        }
        for texts in [
            ["Alice", "Alice Liddell", "Liddell Alice"],
            ["Liddell Alice", "Alice Liddell", "Alice"],
        ] {
            assert_eq!(full_name(all(&texts)).as_deref(), Some("Alice Liddell"));
        }
    }

    #[test]
    fn what_says_nothing_is_no_value() {
        for text in ["", " ", ",,,", "&", " - ", "\u{a0}"] {
            assert_eq!(steady(all(&[text])), None, "{text}");
            assert_eq!(
                full_name(all(&[text, "王"])).as_deref(),
                Some("王"),
                "{text}"
            );
        }
    }
}
