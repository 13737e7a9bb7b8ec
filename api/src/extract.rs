//! Ids in paths and the query of a list.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use domain::fields::FieldError;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The id in a path. One that cannot be an id is answered like one that is not there.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: TryFrom<String>> FromRequestParts<App> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let Path(text) = path.map_err(|_| ApiError::NotFound)?;
        T::try_from(text).map(Self).map_err(|_| ApiError::NotFound)
    }
}

/// Which stretch of a list is asked for: `after=ID&limit=N`, and what a list has besides.
pub(crate) struct Stretch<T> {
    pub(crate) after: Option<T>,
    pub(crate) limit: u32,
    pub(crate) rest: BTreeMap<String, String>,
}

/// Rows of a list when nobody says how many.
const ROWS: u32 = 50;

impl<T: TryFrom<String>> FromRequestParts<App> for Stretch<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Query(pairs) = query.map_err(|error| ApiError::MalformedRequest(error.to_string()))?;
        let mut rest = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, value) in pairs {
            if rest.insert(name.clone(), value).is_some() {
                errors.push(FieldError::new(format!("/{name}"), "duplicate", "is there twice"));
            }
        }
        let max = app.limits.list_rows;
        let limit =
            rest.remove("limit").map(|text| text.parse::<u32>().ok().filter(|n| (1..=max).contains(n)));
        if limit == Some(None) {
            let detail = format!("must be a whole number from 1 to {max}");
            errors.push(FieldError::new("/limit", "out_of_range", detail));
        }
        let after = rest.remove("after").map(|text| T::try_from(text).ok());
        if matches!(after, Some(None)) {
            errors.push(FieldError::new("/after", "unknown_value", "must be the id of a row of this list"));
        }
        if !errors.is_empty() {
            return Err(ApiError::Invalid(errors));
        }
        Ok(Self { after: after.flatten(), limit: limit.flatten().unwrap_or(ROWS.min(max)), rest })
    }
}

impl<T> Stretch<T> {
    /// Takes a parameter that only some lists have.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.rest.remove(name)
    }

    /// Refuses parameters that no one asked for.
    pub(crate) fn finish(&self) -> ApiResult<()> {
        let unknown =
            |name: &String| FieldError::new(format!("/{name}"), "unknown_field", "is not a parameter here");
        let errors: Vec<_> = self.rest.keys().map(unknown).collect();
        if errors.is_empty() { Ok(()) } else { Err(ApiError::Invalid(errors)) }
    }
}
