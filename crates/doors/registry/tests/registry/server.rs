//! A registry in this process, on a port of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;

use knarr_registry::{Config, serve};
use tokio::sync::oneshot;

/// Ends with its value.
pub struct Server {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn plain(root: &Path) -> Self {
        Self::start(Config { root: root.to_owned(), addr: "127.0.0.1:0".into(), htpasswd: None, tls: None })
    }

    pub fn start(config: Config) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let ready = move |addr| tell.send(addr).unwrap();
            let stop = async { drop(stopped.await) };
            runtime.block_on(serve(config, ready, stop)).unwrap();
        });
        Self { addr: told.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|e| e.is_ok()), "the server ended badly");
    }
}
