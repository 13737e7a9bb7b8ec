//! The list of routes. The OpenAPI document is made from the same list, so neither can name what the other
//! lacks.

mod account;
mod api_keys;
mod artifacts;
mod billing;
mod catalogue;
mod events;
mod health;
mod jobs;
mod ops;
mod overview;
mod policies;
mod quotes;
mod receipts;
mod sessions;
mod sign_in;
mod stripe;
mod tus;
mod uploads;

use axum::middleware::from_fn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::tus::add_version;

pub(crate) use health::{figures, for_operators};

/// Every route of the service but the page.
pub(crate) fn all() -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(tus::offer, tus::create, uploads::list))
        .routes(routes!(tus::offset, tus::send, tus::terminate, uploads::show))
        .routes(routes!(uploads::peaks))
        .layer(from_fn(add_version));
    OpenApiRouter::new()
        .merge(uploads)
        .routes(routes!(sign_in::ask))
        .routes(routes!(sessions::create, sessions::list))
        .routes(routes!(sessions::revoke))
        .routes(routes!(api_keys::create, api_keys::list))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(account::show, account::correct, account::erase))
        .routes(routes!(jobs::create, jobs::list))
        .routes(routes!(jobs::show, jobs::erase))
        .routes(routes!(jobs::cancel))
        .routes(routes!(events::follow))
        .routes(routes!(jobs::report))
        .routes(routes!(artifacts::content))
        .routes(routes!(artifacts::peaks))
        .routes(routes!(receipts::show))
        .routes(routes!(policies::list))
        .routes(routes!(catalogue::presets))
        .routes(routes!(catalogue::capabilities))
        .routes(routes!(quotes::quote))
        .routes(routes!(billing::credits))
        .routes(routes!(billing::checkout))
        .routes(routes!(billing::orders))
        .routes(routes!(billing::order))
        .routes(routes!(billing::withdraw))
        .routes(routes!(billing::invoices))
        .routes(routes!(stripe::hear))
        .routes(routes!(overview::queue))
        .routes(routes!(overview::jobs))
        .routes(routes!(overview::workers))
        .routes(routes!(overview::failures))
        .routes(routes!(overview::retention))
        .routes(routes!(overview::audit))
        .routes(routes!(ops::retry))
        .routes(routes!(ops::cancel))
        .routes(routes!(ops::pause))
        .routes(routes!(ops::resume))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
}
