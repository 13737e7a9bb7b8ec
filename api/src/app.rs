//! What the handlers work with, handed in by the program that starts the service.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use domain::clock::{Clock, Timestamp};
use domain::ids::Entropy;
use domain::money::PriceList;
use store::Store;
use store::abuse::Peppers;
use store::blobs::Blobs;
use tokio_util::sync::CancellationToken;

use crate::error::{ApiError, ApiResult};
use crate::figures;
use crate::limits::Limits;
use crate::mailing::Mailing;
use crate::monitor::Monitor;
use crate::overload::Capacity;
use crate::payments::Payments;

/// How browsers reach the service; cookies and headers depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// Plain HTTP on this machine alone.
    Loopback,
    /// HTTPS under this origin, such as `https://mix.example` (no path, no final slash).
    Public {
        /// Scheme, host and, where it is not the usual one, port.
        origin: String,
    },
}

impl Site {
    /// The session cookie's name. A browser accepts `__Host-` only with Secure, for the whole site and one
    /// host.
    pub fn cookie_name(&self) -> &'static str {
        match self {
            Self::Loopback => "mxr_session",
            Self::Public { .. } => "__Host-mxr_session",
        }
    }
}

/// Everything a request may touch. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) limits: Limits,
    pub(crate) site: Site,
    pub(crate) closing: CancellationToken,
    pub(crate) payments: Option<Payments>,
    pub(crate) mailing: Option<Mailing>,
    pub(crate) proxies: Arc<[IpAddr]>,
    pub(crate) peppers: Option<Peppers>,
    pub(crate) capacity: Capacity,
    pub(crate) monitor: Monitor,
    pub(crate) figures_at: FiguresAt,
}

/// Where `/metrics` is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FiguresAt {
    /// Here, for operators with the scope `ops:read`.
    Here,
    /// On the operators' own listener alone.
    OwnListener,
}

impl App {
    /// An app over an open store and its blobs.
    pub fn new(
        store: Store,
        blobs: Blobs,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: Limits,
        site: Site,
    ) -> Self {
        let registries = [store::figures::registry(), figures::registry()];
        Self {
            monitor: Monitor::new(&store, &blobs, clock.clone(), &registries),
            store: store.with_patience(limits.database_within),
            blobs,
            clock,
            entropy,
            capacity: Capacity::new(&limits),
            limits,
            site,
            closing: CancellationToken::new(),
            figures_at: FiguresAt::Here,
            payments: None,
            mailing: None,
            proxies: Arc::new([]),
            peppers: None,
        }
    }

    /// The same app, which looks after the service together with others, and tells its figures there.
    #[must_use]
    pub fn watched_by(self, monitor: Monitor, figures_at: FiguresAt) -> Self {
        Self { monitor, figures_at, ..self }
    }

    /// The same, and it takes money; previews stay free and are counted, by account and under `peppers`. Without this
    /// every job costs nothing and nothing is counted.
    #[must_use]
    pub fn with_payments(self, payments: Payments, peppers: Peppers) -> Self {
        Self { payments: Some(payments), peppers: Some(peppers), ..self }
    }

    /// The same, and it sends mail. Without this nobody signs in by mail.
    #[must_use]
    pub fn with_mailing(self, mailing: Mailing) -> Self {
        Self { mailing: Some(mailing), ..self }
    }

    /// The same behind these proxies, beside those of this machine: what they say of where a request comes from is
    /// believed.
    #[must_use]
    pub fn behind_proxies(self, proxies: &[IpAddr]) -> Self {
        Self { proxies: proxies.into(), ..self }
    }

    /// What sends mail, or 409 `mail_off`.
    pub(crate) fn must_mail(&self) -> ApiResult<&Mailing> {
        self.mailing.as_ref().ok_or(ApiError::MailOff)
    }

    pub(crate) fn prices(&self) -> Option<&PriceList> {
        self.payments.as_ref().map(Payments::prices)
    }

    /// What takes money, or 409 `payments_off`.
    pub(crate) fn must_take_money(&self) -> ApiResult<Payments> {
        self.payments.clone().ok_or(ApiError::PaymentsOff)
    }

    /// Ends what would last on: event streams, and uploads in the middle of a body, which keep what arrived.
    /// A graceful shutdown waits for every request, so call this when it begins.
    pub fn close(&self) {
        self.closing.cancel();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("limits", &self.limits).field("site", &self.site).finish_non_exhaustive()
    }
}
