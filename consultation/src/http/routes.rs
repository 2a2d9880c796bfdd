//! Routes, each with its rule of access: a route without a rule cannot be written.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use colloque_protocol::Role;

use super::reading::FromStranger;
use super::{Context, Source};
use crate::{Consultation, session};

/// Who may use a route. Enforced before the handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Anyone,
    /// A member of the staff who gave a first factor at least.
    FirstFactor,
    /// A signed-in member of the staff with one of these roles.
    Staff(&'static [Role]),
    /// A patient who opened an invitation at least.
    Arriving,
    /// A patient who gave a second factor.
    Patient,
}

/// Every role of the staff.
pub(crate) const ALL_STAFF: &[Role] = &[Role::Practitioner, Role::Secretary, Role::Administrator];

/// A route as seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteFace {
    /// Its method.
    pub method: Method,
    /// Its path, with `{id}` for an identifier.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// Routes being collected.
#[derive(Default)]
pub(crate) struct Routes(Vec<(RouteFace, MethodRouter<Consultation>)>);

impl Routes {
    /// Starts an empty collection.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a route that reads.
    pub(crate) fn get<H: Handler<T, Consultation>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::GET, MethodFilter::GET, path, access, handler)
    }

    /// Adds a route that changes something.
    pub(crate) fn post<H: Handler<T, Consultation>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::POST, MethodFilter::POST, path, access, handler)
    }

    /// Adds a route that replaces something.
    pub(crate) fn put<H: Handler<T, Consultation>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::PUT, MethodFilter::PUT, path, access, handler)
    }

    /// Adds a route that removes something.
    pub(crate) fn delete<H: Handler<T, Consultation>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::DELETE, MethodFilter::DELETE, path, access, handler)
    }

    /// Joins another area's routes.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// What the routes look like from outside.
    pub(crate) fn faces(&self) -> Vec<RouteFace> {
        self.0.iter().map(|(face, _)| face.clone()).collect()
    }

    /// Makes the router: each handler behind its rule.
    pub(crate) fn build(self, service: &Consultation) -> Router {
        let mut router = Router::new();
        for (face, handler) in self.0 {
            let rule = middleware::from_fn_with_state((service.clone(), face.access), enforce);
            let caller = if face.access == Access::Anyone { service.for_strangers() } else { service.clone() };
            router = router.route(face.path, handler.layer(rule).with_state(caller));
        }
        router
    }

    fn add<H: Handler<T, Consultation>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.0.push((RouteFace { method, path, access }, on(filter, handler)));
        self
    }
}

async fn enforce(
    State((service, access)): State<(Consultation, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(refusal) = session::authorize(&service, access, &mut request).await {
        return refusal.into_response();
    }
    if access == Access::Anyone {
        let source = request.extensions().get::<Context>().map_or(Source::Host(None), |context| context.source);
        let readers = Arc::clone(service.request_limits().readers());
        request.extensions_mut().insert(FromStranger { readers, source });
    }
    next.run(request).await
}
