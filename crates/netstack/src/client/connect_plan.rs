//! The checks of `connect`, in the platform's order, and the plan of its attempts.
use std::time::Duration;

use arkws::{
    Client, ClientBuilder, ClientResponse, Error, Proxy, Transport, UrlError, WebSocketUrl,
};
use tokio::task::spawn_blocking;

use super::options::{QueueLimits, RequestOptions};
use super::reconnect::Retries;
use super::renewal::Renewed;
use super::tls::TlsOptions;
use crate::{BusinessError, Cause, Context};

/// The arguments of `connect` after the checks that need no free object.
pub(super) struct Request<'a> {
    text: &'a str,
    url: Result<WebSocketUrl, UrlError>,
    options: RequestOptions,
    retries: Option<Retries>,
    proxy: Proxy,
    builder: ClientBuilder,
}

/// All that attempts at a connection need.
pub(super) struct Plan {
    url: WebSocketUrl,
    builder: ClientBuilder,
    tls: Option<TlsOptions>,
    /// Made by the first attempt.
    client: Option<Client>,
    pub(super) retries: Option<Retries>,
    pub(super) queue_limits: QueueLimits,
    /// Kept where the program is asked for others before an attempt.
    renewable: Option<Box<Renewable>>,
}

/// What the attempts are made with that come after the program was asked.
struct Renewable {
    options: RequestOptions,
    /// As it was when `connect` was called.
    proxy: Proxy,
}

impl<'a> Request<'a> {
    /// Domain, headers and other values, files.
    ///
    /// # Errors
    /// 2302998, 401, 2302002.
    pub(super) fn check(
        context: &Context,
        text: &'a str,
        options: RequestOptions,
    ) -> Result<Request<'a>, BusinessError> {
        let url = WebSocketUrl::parse(text);
        if let Ok(url) = &url {
            // A URL that cannot be connected to has no domain; its turn comes later.
            context.policy().allows(&origin(url)).map_err(|why| {
                BusinessError::new(BusinessError::DOMAIN, why).and_event(Cause::Policy)
            })?;
        }
        // The environment is read here, on the thread of the call.
        let proxy = options.proxy.parse();
        let builder = builder(&options, proxy.clone(), context)?;
        // What a request to any URL would fail with, such as a header that is the handshake's own.
        builder.clone().build().map_err(BusinessError::parameter)?;
        let retries = options.reconnect.clone().map(Retries::new).transpose();
        let retries = retries.map_err(BusinessError::parameter)?;
        options.check_files()?;
        Ok(Request {
            text,
            url,
            options,
            retries,
            proxy: proxy?,
            builder,
        })
    }

    /// The URL, the last of the checks.
    ///
    /// # Errors
    /// 2302001 (401 before level 12), -1.
    pub(super) fn plan(self, context: &Context) -> Result<Plan, BusinessError> {
        let level = context.level;
        let rules = level.differences();
        let length = self.text.chars().count();
        if length > rules.url_limit {
            let error = BusinessError::new(
                rules.url_error,
                format!(
                    "the URL has {length} characters, and the limit at API level {} is {}",
                    level.get(),
                    rules.url_limit
                ),
            );
            return Err(error.and_event(arkws::Cause::Invalid));
        }
        let url = self.url.map_err(|error| {
            let code = match error {
                UrlError::NoHost(_) => BusinessError::FAILED,
                _ => rules.url_error,
            };
            BusinessError::new(code, error.to_string()).and_event(arkws::Cause::Invalid)
        })?;
        Ok(Plan {
            tls: (url.is_secure()).then(|| self.options.tls(context)),
            url,
            builder: self.builder,
            client: None,
            queue_limits: self.options.queue_limits(),
            renewable: renews(&self.retries).then(|| {
                Box::new(Renewable {
                    options: self.options,
                    proxy: self.proxy,
                })
            }),
            retries: self.retries,
        })
    }
}

impl Plan {
    /// `ws://host[:port]`, for the log.
    pub(super) fn target(&self) -> String {
        origin(&self.url)
    }

    /// For how long the program may think about with what to reconnect.
    pub(super) fn patience(&self) -> Duration {
        let renewable = self.renewable.as_ref();
        let limit = renewable.and_then(|renewable| renewable.options.connect_timeout);
        limit.unwrap_or(Client::DEFAULT_CONNECT_TIMEOUT)
    }

    /// The attempts from now on are made with this.
    ///
    /// # Errors
    /// It cannot be used, or is not allowed: why.
    pub(super) fn renew(&mut self, renewed: Renewed, context: &Context) -> Result<(), String> {
        let Some(renewable) = &mut self.renewable else {
            return Ok(());
        };
        let Renewable { options, proxy } = &mut **renewable;
        let words = |error: BusinessError| error.message;
        if let Some(headers) = renewed.headers {
            options.headers = headers;
            self.builder = builder(options, Ok(proxy.clone()), context).map_err(words)?;
            // What a request to any URL would fail with.
            self.builder
                .clone()
                .build()
                .map_err(|error| error.to_string())?;
            self.client = None;
        }
        if let Some(text) = renewed.url {
            let url = WebSocketUrl::parse(&text).map_err(|error| error.to_string())?;
            context.policy().allows(&origin(&url))?;
            if self.tls.is_none() && url.is_secure() {
                self.tls = Some(options.tls(context));
                self.client = None;
            }
            self.url = url;
        }
        Ok(())
    }

    /// One attempt. The socket is boxed: it moves several times, and tasks hold a place for each.
    pub(super) async fn connect(
        &mut self,
    ) -> Result<(Box<arkws::WebSocket<Transport>>, ClientResponse), Error> {
        let client = match &self.client {
            Some(client) => client,
            None => {
                let client = build(self.builder.clone(), self.tls.clone()).await?;
                self.client.insert(client)
            }
        };
        let (socket, response) = client.connect(self.url.as_str()).await?;
        Ok((Box::new(socket), response))
    }
}

fn renews(retries: &Option<Retries>) -> bool {
    retries
        .as_ref()
        .is_some_and(|retries| retries.renewal().is_some())
}

/// What all attempts have in common, but for TLS.
///
/// # Errors
/// 401: an option cannot be used.
fn builder(
    options: &RequestOptions,
    proxy: Result<Proxy, BusinessError>,
    context: &Context,
) -> Result<ClientBuilder, BusinessError> {
    let builder = options.builder(proxy, context)?;
    let context = context.clone();
    Ok(builder.check_redirects(move |url| context.policy().allows(&origin(url))))
}

/// Files are read, and keys decrypted, where that holds up nobody.
async fn build(builder: ClientBuilder, tls: Option<TlsOptions>) -> Result<Client, Error> {
    let Some(tls) = tls else {
        return builder.build();
    };
    let span = tracing::Span::current();
    let build = move || {
        let _span = span.enter();
        let config = tls.read()?;
        builder.tls(config).build()
    };
    match spawn_blocking(build).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// `ws://host`, with a port if it is not the scheme's default: what a policy is asked about.
fn origin(url: &WebSocketUrl) -> String {
    format!("{}://{}", url.scheme(), url.host_field())
}
