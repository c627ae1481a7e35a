use base64_of::{blob, key_of, string};
use proptest::prelude::*;

use super::*;

mod vectors;

use vectors::*;

fn parse(text: &str) -> Result<SshKey, BadKey> {
    SshKey::parse(text, 0)
}

/// Blobs taken apart and put together, without the code under test.
mod base64_of {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// The bytes of a key's base64.
    pub(super) fn blob(key: &str) -> Vec<u8> {
        let text = key.split(' ').nth(1).unwrap().trim_end_matches('=');
        let (mut out, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
        for byte in text.bytes() {
            buffer = buffer << 6 | DIGITS.iter().position(|digit| *digit == byte).unwrap() as u32;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                out.push((buffer >> bits) as u8);
                buffer &= (1 << bits) - 1;
            }
        }
        out
    }

    /// A key of this type and blob.
    pub(super) fn key_of(label: &str, blob: &[u8]) -> String {
        let mut text = String::new();
        for chunk in blob.chunks(3) {
            let bits = chunk
                .iter()
                .fold(0_u32, |bits, b| bits << 8 | u32::from(*b))
                << (8 * (3 - chunk.len()));
            for n in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * n)) as usize & 63] as char;
                text.push(if n <= chunk.len() { digit } else { '=' });
            }
        }
        format!("{label} {text}")
    }

    /// A string of SSH: its length and its bytes.
    pub(super) fn string(bytes: &[u8]) -> Vec<u8> {
        [
            &u32::try_from(bytes.len()).unwrap().to_be_bytes()[..],
            bytes,
        ]
        .concat()
    }
}

const SOUND: [(&str, KeyKind, &str); 8] = [
    (
        ED25519,
        KeyKind::Ed25519,
        "SHA256:UYbG7tzHXBq9DBUoF48yI8jXGTO68+I/bAIBSX91OyM",
    ),
    (
        P256,
        KeyKind::EcdsaP256,
        "SHA256:PV6LEy5OybIJDdVw7Z3hOpeh4BMI+IbAhWH4kPdGF1s",
    ),
    (
        P384,
        KeyKind::EcdsaP384,
        "SHA256:wjuRzMHoyOA+Ty7swtEuIwH+zBIriZikmcDmwe5lnQY",
    ),
    (
        P521,
        KeyKind::EcdsaP521,
        "SHA256:2z2nRrG9YEtBdj/XsRmSu/+67KAbgYbPVoUoMkATI5o",
    ),
    (
        SK_ED25519,
        KeyKind::SkEd25519,
        "SHA256:99bjbzEU3/2VeFq82bwnluQoeuM8Iu92JN/+R1cSmLQ",
    ),
    (
        SK_P256,
        KeyKind::SkEcdsaP256,
        "SHA256:KNtLoScxdNQhAHVdDEkYLZN/W7SeqIit1nyNniNz4O0",
    ),
    (
        RSA_2048,
        KeyKind::Rsa,
        "SHA256:AzufRAWtFJ9iAXI5tmbN5hJzzzSFQxbWSJlqJiRYWBI",
    ),
    (
        RSA_3072,
        KeyKind::Rsa,
        "SHA256:ozepsHtjJraje2TF/m4pzSBbum2vIwAlhg1M29hInIo",
    ),
];

#[test]
fn every_kind_that_ssh_keygen_makes_is_read() {
    for (text, kind, fingerprint) in SOUND {
        for with in [
            "",
            " ann@laptop",
            " a long comment with 王",
            "\n",
            " ann\r\n",
        ] {
            let key = parse(&format!("{text}{with}")).unwrap();
            assert_eq!(
                (
                    key.kind(),
                    key.to_string().as_str(),
                    key.fingerprint().as_str()
                ),
                (kind, text, fingerprint)
            );
        }
        assert_eq!(
            parse(&text.replacen(' ', "\t  ", 1)).unwrap().to_string(),
            text
        );
    }
}

#[test]
fn what_is_no_single_plain_key_is_refused() {
    let second = format!("{ED25519} ann\ncommand=\"id\" {P256}");
    let base64 = ED25519.split(' ').nth(1).unwrap();
    let kind = |text: &str| BadKey::Kind(Untrusted::new(text));
    for (text, complaint) in [
        (String::new(), BadKey::Empty),
        (" \t\n".to_owned(), BadKey::Empty),
        (second, BadKey::NoLine),
        (format!("{ED25519}\r{P256}"), BadKey::NoLine),
        (format!("{ED25519} a\0b"), BadKey::NoLine),
        (format!("{ED25519} a\u{85}b"), BadKey::NoLine),
        (format!("{ED25519} {P256}"), BadKey::Several),
        (format!("restrict {ED25519}"), kind("restrict")),
        (format!("command=\"id\" {ED25519}"), kind("command=\"id\"")),
        (format!("cert-authority {ED25519}"), kind("cert-authority")),
        (format!("# {ED25519}"), kind("#")),
        (format!("SSH-ED25519 {base64}"), kind("SSH-ED25519")),
        (base64.to_owned(), kind(base64)),
        (DSS.to_owned(), BadKey::Dss),
        (
            format!("ssh-ed25519-cert-v01@openssh.com {base64}"),
            BadKey::Certificate,
        ),
        (
            format!("ssh-rsa-cert-v01@openssh.com {base64}"),
            BadKey::Certificate,
        ),
        (format!("ssh-rsa {base64}"), BadKey::OtherKind("ssh-rsa")),
        (
            format!("sk-ssh-ed25519@openssh.com {base64}"),
            BadKey::OtherKind("sk-ssh-ed25519@openssh.com"),
        ),
        (
            P256.replace("nistp256 ", "nistp384 "),
            BadKey::OtherKind("ecdsa-sha2-nistp384"),
        ),
        ("ssh-ed25519".to_owned(), BadKey::Broken("ssh-ed25519")),
        (
            "ssh-ed25519 hello".to_owned(),
            BadKey::Broken("ssh-ed25519"),
        ),
        (
            format!("ssh-ed25519 {base64}="),
            BadKey::Broken("ssh-ed25519"),
        ),
        (
            format!("ssh-ed25519 {base64}AAAA"),
            BadKey::Broken("ssh-ed25519"),
        ),
        (
            format!("ssh-ed25519 {}", &base64[..64]),
            BadKey::Broken("ssh-ed25519"),
        ),
        (format!("ssh-ed25519 {base64}é"), BadKey::NoLine),
        (
            format!("{ED25519} {}", "x".repeat(MAX_BYTES)),
            BadKey::TooLong,
        ),
        (
            RSA_1024.to_owned(),
            BadKey::Size {
                bits: 1_024,
                least: 2_048,
            },
        ),
    ] {
        assert_eq!(parse(&text), Err(complaint), "{text:?}");
    }
}

#[test]
fn the_size_of_rsa_keys_is_counted_in_bits() {
    assert!(SshKey::parse(RSA_3072, 3_072).is_ok());
    assert_eq!(
        SshKey::parse(RSA_2048, 3_072),
        Err(BadKey::Size {
            bits: 2_048,
            least: 3_072
        })
    );
    assert_eq!(
        SshKey::parse(RSA_3072, 3_073),
        Err(BadKey::Size {
            bits: 3_072,
            least: 3_073
        })
    );
    let rsa = |e: &[u8], n: &[u8]| {
        parse(&key_of(
            "ssh-rsa",
            &[string(b"ssh-rsa"), string(e), string(n)].concat(),
        ))
        .map(drop)
    };
    let number = |bytes: usize, first: u8| [&[0, first][..], &vec![0xff; bytes - 1]].concat();
    assert_eq!(rsa(&[1, 0, 1], &number(256, 0x80)), Ok(()));
    assert_eq!(
        rsa(&[1, 0, 1], &number(256, 0x80)[1..]),
        Err(BadKey::Size {
            bits: 0,
            least: 2_048
        }),
        "negative"
    );
    assert_eq!(
        rsa(&[1, 0, 1], &[0x7f; 256]),
        Err(BadKey::Size {
            bits: 2_047,
            least: 2_048
        })
    );
    assert_eq!(rsa(&[1, 0, 1], &number(2_048, 0x80)), Ok(()));
    assert_eq!(
        rsa(&[1, 0, 1], &[&[1][..], &[0xff; 2_048]].concat()).map_err(|e| e.to_string()),
        Err("it is an RSA key of 16385 bits, and 2048 to 16384 are taken".to_owned())
    );
    for e in [&[][..], &[1], &[2], &[1, 0, 0], &[0x83]] {
        assert_eq!(rsa(e, &number(256, 0x80)), Err(BadKey::Exponent), "{e:?}");
    }
}

#[test]
fn a_blob_is_read_to_its_end_and_not_beyond() {
    for (text, ..) in SOUND {
        let (label, whole) = (text.split(' ').next().unwrap(), blob(text));
        assert_eq!(key_of(label, &whole), text, "the test's own base64");
        for cut in 0..whole.len() {
            assert!(
                parse(&key_of(label, &whole[..cut])).is_err(),
                "{label} cut at {cut}"
            );
        }
        assert!(
            parse(&key_of(label, &[&whole[..], &[0]].concat())).is_err(),
            "{label} with more"
        );
        assert!(
            parse(&key_of(label, &[&whole[..], &string(b"x")].concat())).is_err(),
            "{label} with another string"
        );
    }
}

proptest! {
    /// What is taken is written as one line of a type and base64, whatever came.
    #[test]
    fn nothing_but_type_and_base64_comes_out(before in ".{0,9}", after in ".{0,40}", at in 0..SOUND.len()) {
        if let Ok(key) = parse(&format!("{before}{}{after}", SOUND[at].0)) {
            prop_assert_eq!(key.to_string(), SOUND[at].0);
        }
    }

    /// Any blob is refused, or is written again as it was.
    #[test]
    fn any_blob_is_refused_or_kept(at in 0..SOUND.len(), place in any::<prop::sample::Index>(), byte: u8) {
        let text = SOUND[at].0;
        let mut bytes = blob(text);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let changed = key_of(text.split(' ').next().unwrap(), &bytes);
        if let Ok(key) = parse(&changed) {
            prop_assert_eq!(key.to_string(), changed);
        }
    }
}
