//! Who takes the mail away.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use domain::account::Email;
use domain::clock::Timestamp;
use domain::ids::MailId;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::letter::Letter;
use crate::server::{ServerAddress, ServerAddressError};
use crate::{MailError, folder};

/// How long a server may take for one step, and for all of them. The second is below the time for which nobody else
/// tries the same mail.
const STEP: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_secs(90);

/// A way out for mail. Cheap to clone.
#[derive(Clone)]
pub struct Carrier {
    way: Way,
    sender: Email,
}

#[derive(Clone)]
enum Way {
    Server(Box<AsyncSmtpTransport<Tokio1Executor>>, ServerAddress),
    Folder(PathBuf),
}

/// What makes a mail the same mail when it is tried again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Posted {
    /// Its `Message-ID` is made of it, so that a server that got it twice can tell.
    pub id: MailId,
    /// Its `Date`.
    pub at: Timestamp,
}

impl Carrier {
    /// A mail server, and from whom mail is.
    pub fn server(address: ServerAddress, sender: Email) -> Result<Self, ServerAddressError> {
        let wrong = |error: SmtpError| ServerAddressError::new(&error.to_string());
        let transport = address.builder().map_err(wrong)?.timeout(Some(STEP)).build();
        Ok(Self { way: Way::Server(Box::new(transport), address), sender })
    }

    /// A folder, which is made with the first mail.
    #[must_use]
    pub fn folder(path: PathBuf, sender: Email) -> Self {
        Self { way: Way::Folder(path), sender }
    }

    /// Hands a letter over. When this returns, whoever got it has it for good. An error does not tell that nobody got
    /// it: a server can take a mail and lose the line before it says so.
    pub async fn carry(&self, letter: &Letter, posted: &Posted) -> Result<(), MailError> {
        let message = self.message(letter, posted)?;
        match &self.way {
            Way::Folder(path) => {
                let (path, name) = (path.clone(), format!("{}.eml", posted.id));
                let bytes = message.formatted();
                let written = tokio::task::spawn_blocking(move || folder::write(&path, &name, &bytes)).await;
                Ok(written.map_err(|error| MailError::Away(error.to_string()))??)
            }
            Way::Server(transport, _) => match tokio::time::timeout(WHOLE, transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(told(&error)),
                Err(_) => Err(MailError::Away(format!("no end after {} s", WHOLE.as_secs()))),
            },
        }
    }

    /// Removes what a folder keeps of mails to this address. What a server took is not ours any more.
    pub async fn forget(&self, to: &Email) -> Result<(), MailError> {
        let Way::Folder(path) = &self.way else { return Ok(()) };
        let (path, to) = (path.clone(), to.clone());
        let removed = tokio::task::spawn_blocking(move || folder::forget(&path, to.as_str())).await;
        Ok(removed.map_err(|error| MailError::Away(error.to_string()))??)
    }

    fn message(&self, letter: &Letter, posted: &Posted) -> Result<Message, MailError> {
        let refused = |error: lettre::error::Error| MailError::Refused(error.to_string());
        let domain = self.sender.as_str().rsplit('@').next().unwrap_or("localhost");
        let plain = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body(letter.plain()));
        let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(body(letter.html()));
        let since = u64::try_from(posted.at.micros()).unwrap_or(0);
        Message::builder()
            .from(Mailbox::new(Some("mixrunners".to_owned()), address(&self.sender)?))
            .to(Mailbox::new(None, address(&letter.to)?))
            .subject(&letter.subject)
            .message_id(Some(format!("<{}@{domain}>", posted.id)))
            .date(UNIX_EPOCH + Duration::from_micros(since))
            .multipart(MultiPart::alternative().singlepart(plain).singlepart(html))
            .map_err(refused)
    }
}

/// Not the mail itself: it holds an address.
impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For people: where mail goes.
impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Server(_, address) => write!(f, "goes out by {address}"),
            Way::Folder(path) => write!(f, "is written into {}", path.display()),
        }
    }
}

/// The longest line of a mail, in bytes (RFC 5322 section 2.1.1).
const LINE_MAX: usize = 998;

/// As it is wherever that is allowed. The library would break a link of more than 75 characters in two, which a mail
/// program mends, and nobody who reads the file.
fn body(text: String) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= LINE_MAX) {
        let bytes = text.replace('\n', "\r\n").into_bytes();
        return Body::dangerous_pre_encoded(bytes, ContentTransferEncoding::SevenBit);
    }
    Body::new(text)
}

fn address(email: &Email) -> Result<Address, MailError> {
    // What the parser says would hold the address.
    email.as_str().parse().map_err(|_| MailError::Refused("its address cannot be written to".to_owned()))
}

/// A server that says what it thinks of a mailbox says 550 to 554. All else may change: a password that is wrong, a
/// server that is full. What it says is not repeated, because servers repeat the address.
fn told(error: &SmtpError) -> MailError {
    match error.status() {
        Some(code) if (550..=554).contains(&u16::from(code)) => {
            MailError::Refused(format!("the server answers {code}"))
        }
        Some(code) => MailError::Away(format!("the server answers {code}")),
        // Such as no TLS where there has to be some: that is for whoever runs the server to mend.
        None if error.is_client() => MailError::Away("the server lacks what the mail needs".to_owned()),
        None if error.is_timeout() => MailError::Away("no answer in time".to_owned()),
        None if error.is_tls() => MailError::Away("no TLS that can be trusted".to_owned()),
        None => MailError::Away("the connection failed".to_owned()),
    }
}
