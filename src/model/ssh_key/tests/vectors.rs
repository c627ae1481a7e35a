//! Keys that ssh-keygen(1) made. Those of security keys are put together from them, and ssh-keygen reads them.

pub(super) const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE/b1jIM0MkzjsHwL3XQw5BtDPvImHWe/F0dFY0r4z/r";
pub(super) const P256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHFcQNU6hhrwBRBIHIfHHi0REp8G\
    yFBKowGS3XUOQMNnQaWBq+81pDMVS4zBv3pWjoMXZmt0hYuL0pIj73ulbgk=";
pub(super) const P384: &str = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBBsI6ToryuxSjDfwzFpI6DzyrBQb\
    5RKq67pAwq6icqlFOhRICmMqqfJU4e5G0+9Y4afC9IbYE1FJf+LZHcELLi9LdkuxoxGXQxfzbS5N1x2PdoZEWHAmrIjZkgsaa/pN\
    4w==";
pub(super) const P521: &str = "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABTFpuLGZjnhliKFRgBJpIflrQW\
    W9dh81t42xBcvHY8vtqm1nMvJ/5O6Q3cLqY4//KnXG0qcAx7PEec6HtqbFNj4gBiLMc6iXi2wqT9UIcW2v5VOzBJZlr87EPW9Zgk\
    KCMh1lCSZfP4rntbflcuXK0SdlMNhixZkyGPPPnGZZ2VLDM4pA==";
pub(super) const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIE/b1jIM0MkzjsHwL3XQw5BtDPvIm\
    HWe/F0dFY0r4z/rAAAABHNzaDo=";
pub(super) const SK_P256: &str = "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyN\
    TYAAABBBHFcQNU6hhrwBRBIHIfHHi0REp8GyFBKowGS3XUOQMNnQaWBq+81pDMVS4zBv3pWjoMXZmt0hYuL0pIj73ulbgkAAAAEc\
    3NoOg==";
pub(super) const RSA_2048: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDWqgiwf4viWT/FQsxBsl3SsL2yteW5h9zrI2Pd7QBnBO9Yx7uDnzPq5SmKNoXc\
    hDtdZ1ANB5Apr40bB6xjHG34+w1+JMXTXvbGgy3YjHunyoJZLtsQiw5iCfHzNXjwjHMlbZpFw7XSAv/1whZowGCN8i+GTmFzv7Nx\
    E2ZG8iXw6YZpaR+008xBo0RJw0cxma89dp2+8q7eIe6bu1qAt6biS9Noujo3W65v3A8sgD+TKEIkwsCYY/Pqd7zCdIfzyekWbNXM\
    ywi/T5VbnvyDMUne0KsAyJ56GJnwLcQar6a/rXtWmelCtXnbmDyUBnMwCeSoMg80ezujfmP53vVRTFpH";
pub(super) const RSA_3072: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCnernLlG1O2qNUIyM9M1HBf5YxseRSMj7k+gKRqMiSCeSGGZgdRflq2Zfp3RJ/\
    XtoaK4HvtyB050iCln5mYllGnDd2G3difqkZYwYFY/Re7e7Pw7AHKzAz/nvL9oehd4mpvRSmpNZ9lOpH+2+oC1Vs+Sma2Wl8O/f5\
    J5oJxUkmg2J0+oQQ7Mb2D+PHFvbGYDeFcZcArs3ZnLeLhIWS23jqDhrQtHurTCIVspIw0WCwlNglGm1dcJ2FxNbdxJAFAL5+algl\
    AirFhhba2J2D5/x1wPfuW3TY/DzvesVXBS3sFICmtEFgx+ElZ5P6O9GtA1hpMw6SSSAbaKhPsb1Z6VXsliy/nV0oTBiyv4o7XhLR\
    41Z5sfspHuIQAQNXk8f7FVdDZJcNc599MRt7nv8cA5QHnVETPM0x2/itpV6PqzfyM38mzqP2z6X75NRufcbY2H3dtNDGCUuH+TIG\
    CjA1dehFdv+ZFeUzbIqOLYnNXDhuhLMCDlJIYy4Jt6odK4+xlCs=";
pub(super) const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCmqhEaIfRTZisrHByF52u4fnI6+52wIfULEh6jwp6bpKD/4HOYHe5NHjY2Kl7N\
    1EVG8yCrZ3FBgx9WVXrLqJKJt2NNAp96bJmF4sN5D94kXr7ic/b7MoNPntgWEpFZQpq1RTFpZZXTlbZCltOCSYxRFJlhgf/j1awv\
    x7s5eSkMtw==";
pub(super) const DSS: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAPkYTbozrkSgHXikMI3vSiHzdJhbvyosCdP+J37DLuHUJrybvgqAuB/CYwhLK5rpb2jZwCjE\
    GzJ8MxVKwtUdZcsubbt0I1IHR/SS4PqAYRhQKGv3YUeXvNCgZHv9PRNQcmPmoVOIgEbyjYgGK52JA4zTWjnt7JRWYpWF4PBWJ7Jz\
    AAAAFQCX8YJXxIM7UIzU35QhDb3x8bsOtwAAAIEAnQlBIQIIltebEGuiotP932ACbTZwE9gMg//lnvIoNAL2f4FHb1EahZBQZf/p\
    uT5dncRv3/tpWREaLu9AijCuHVzepwHI3FR4L4Ujmrteov/r0qu0xE9Nqy1LbQGA5xDNHXgpTHm6b93x7lZaPtzwN58y63aSmM+V\
    8NBsxcwsukAAAACADy/1c69sonu1/2uIgEOXyldQNyDzwTuKQjwTCa8KJRVnQDlKpEDP2tSrM6iEdVDrgl1jbG4yARNmMlugcZF8\
    LPD3fRixKwi09PjfkqkXJhGVH87cK3UP5eVejJ7DdNbm4KL6Llk1jAM1ILoUYrIoK9wDiDjE2oI7EyRs8Y1NHJM=";
