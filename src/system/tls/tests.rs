use super::*;

#[test]
fn a_file_of_certificates_must_hold_one() {
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let pem = pem.as_bytes().to_vec();
        let said = config(&Trusted::Authorities(pem.clone())).unwrap_err();
        assert!(said.contains("ca_file"), "{said}");
        let said = config(&Trusted::Certificate(pem)).unwrap_err();
        assert!(said.contains("server_certificate"), "{said}");
    }
}

#[test]
fn one_of_the_two_is_trusted() {
    assert!(Trusted::new(Some(vec![]), Some(vec![])).is_err());
    assert!(matches!(
        Trusted::new(None, Some(vec![])),
        Ok(Trusted::Certificate(_))
    ));
    assert!(matches!(Trusted::new(None, None), Ok(Trusted::System)));
}

/// Everything that an error of the library can be is told without the library's words.
#[test]
fn no_word_of_the_library_is_shown() {
    let errors = [
        Error::InvalidCertificate(CertificateError::BadEncoding),
        Error::InvalidCertificate(CertificateError::BadSignature),
        Error::AlertReceived(AlertDescription::HandshakeFailure),
        Error::AlertReceived(AlertDescription::UserCanceled),
        Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
        Error::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13),
        Error::PeerMisbehaved(rustls::PeerMisbehaved::InvalidMaxEarlyDataSize),
        Error::DecryptError,
        Error::General("inner words".to_owned()),
    ];
    for error in errors {
        let said = failure(&error).text;
        let inner = format!("{error:?}");
        let inner = inner.split(['(', ')']).filter(|word| word.len() > 3);
        assert!(
            inner.clone().all(|word| !said.contains(word)),
            "{said}: {error:?}"
        );
        assert!(!said.contains("::") && !said.contains('('), "{said}");
    }
}
