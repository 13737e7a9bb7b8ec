//! The nouns and rules of the service.
//!
//! **Invariants**: no input or output, no clock, no randomness of its own: time and
//! [`Entropy`](ids::Entropy) come in as arguments, so a rule that waits 120 days is tested in a millisecond.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`ids`] | names of rows | `AccountId`, `JobId`, …, `Entropy` |
//! | [`clock`] | time as a value | `Timestamp`, `Clock`, `HandClock` |
//! | [`secret`] | what a caller proves itself with | `Secret`, `SecretHash` |
//! | [`digest`] | SHA-256 of a blob | `Digest` |
//! | [`abuse`] | what is remembered of misuse, hashed | `Signal`, `Pepper`, `AbuseTag`, `AbuseRecord` |
//! | [`account`], [`scope`] | who, and what they may do | `Account`, `Email`, `Scopes` |
//! | [`device`] | what is kept of a browser | `Device` |
//! | [`upload`] | a file that came in | `Upload`, `AudioFacts`, `Finding` |
//! | [`recipe`], [`preset`], [`tags`] | how it is done, checked once | `Recipe`, `Preset`, `Amounts`, `Tags` |
//! | [`outlook`] | how long a job will wait | `Outlook` |
//! | [`preview`] | which part is heard for free, and how often | `Part` |
//! | [`order`], [`fields`] | what is asked for, checked once | `Wish`, `Input`, `Order`, `FieldError` |
//! | [`job`], [`lease`], [`attempt`] | the life of a job | `JobState::after`, `LeaseId`, `backoff` |
//! | [`audit`] | what operators did, in a chain | `Act`, `AuditRow`, `Chain` |
//! | [`task`] | what a lease holder has to do | `Task` |
//! | [`report`], [`album`], [`mix_report`] | what we say about what we made | `Report`, `AlbumReport`, `MixReport` |
//! | [`artifact`], [`blob`] | what we made, and where its bytes are | `Artifact`, `BlobKey` |
//! | [`plan`] | everything that is done to a song, as JSON | `Plan` |
//! | [`stem`], [`mix_settings`], [`session`] | what was decided about stems and a mix | `StemSettings`, `Session` |
//! | [`money`] | credits, prices, the ledger, purchases | `PriceList`, `Movement`, `PurchaseState` |
//! | [`problem`] | why something could not be done | `Problem` |
//! | [`sandbox`] | how well a worker protects its machine | `Sandbox` |
//! | [`retention`] | when each thing must go | `Retention` |
//! | [`policy`] | what people agree to, and the times that they are told | `Policy`, `Keeping` |
//! | [`mailing`] | how many mails, how often one is tried | `Pace` |
//! | [`removal`] | what is remembered of what went | `Receipt`, `Cause`, `Day` |
//! | [`clock_trust`], [`breaker`] | whether it may go now | `Reading`, `Doubt`, `Load` |

pub mod abuse;
pub mod account;
pub mod album;
pub mod artifact;
pub mod attempt;
pub mod audit;
pub mod blob;
pub mod breaker;
pub mod clock;
pub mod clock_trust;
pub mod device;
pub mod digest;
pub mod fields;
pub mod ids;
pub mod job;
pub mod lease;
pub mod mailing;
pub mod mix_report;
pub mod mix_settings;
pub mod money;
pub mod notice;
pub mod order;
pub mod outlook;
pub mod plan;
pub mod policy;
pub mod preset;
pub mod preview;
pub mod problem;
pub mod recipe;
pub mod removal;
pub mod report;
pub mod retention;
pub mod sandbox;
pub mod scope;
pub mod secret;
pub mod session;
pub mod stem;
mod stem_fields;
pub mod tags;
pub mod task;
pub mod upload;
