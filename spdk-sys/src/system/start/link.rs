//! A private line to SPDK's RPC server: how a program calls its JSON methods.
//!
//! Owns the server, the socket and the folder that holds it, which only this user may enter; all go
//! with the link. Nothing here blocks: [`Link::answer`] is to be called again until there is one.

use std::ffi::CString;
use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::own::{
    spdk_rpc_server, spdk_rpc_server_accept, spdk_rpc_server_close, spdk_rpc_server_listen,
};

/// Where SPDK keeps its sockets and locks.
const FOLDER: &str = "/var/tmp";

/// A server, and one connection to it. For the app thread alone.
#[derive(Debug)]
pub(super) struct Link {
    client: UnixStream,
    /// What is still to be sent.
    request: Vec<u8>,
    /// What has come of the answer.
    answer: Vec<u8>,
    server: Server,
}

/// Closes the server, then removes its folder.
#[derive(Debug)]
struct Server {
    /// Open until this is dropped.
    server: *mut spdk_rpc_server,
    _folder: Folder,
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Link {
    /// Opens a server and connects to it.
    pub(super) fn open() -> io::Result<Self> {
        let folder = Folder::create()?;
        let path = folder.0.join("rpc");
        let address = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: the address is a C string; the app thread is current.
        let server = unsafe { spdk_rpc_server_listen(address.as_ptr()) };
        if server.is_null() {
            return Err(io::Error::other("SPDK's RPC server did not start"));
        }
        let server = Server { server, _folder: folder };
        // The server's backlog takes the connection at once.
        let client = UnixStream::connect(&path)?;
        client.set_nonblocking(true)?;
        Ok(Self { client, request: Vec::new(), answer: Vec::new(), server })
    }

    /// Has a request sent. The one before must have been answered.
    pub(super) fn send(&mut self, request: Vec<u8>) {
        debug_assert!(self.request.is_empty() && self.answer.is_empty());
        self.request = request;
    }

    /// Lets request and answer go on; the answer, once it is whole.
    pub(super) fn answer(&mut self) -> io::Result<Option<Value>> {
        while !self.request.is_empty() {
            match self.client.write(&self.request) {
                Ok(sent) => drop(self.request.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        // SAFETY: the server is open, and the app thread is current.
        unsafe { spdk_rpc_server_accept(self.server.server) };
        self.receive()?;
        match serde_json::from_slice(&self.answer) {
            Ok(value) => {
                self.answer.clear();
                Ok(Some(value))
            }
            Err(error) if error.is_eof() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        loop {
            match self.client.read(&mut bytes) {
                Ok(0) => {
                    return Err(io::Error::other(
                        "SPDK closed the connection; its parameters may be too long",
                    ));
                }
                Ok(length) => self.answer.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: the server is open, and nobody uses it from here on; the app thread is current.
        unsafe { spdk_rpc_server_close(self.server) };
    }
}

impl Folder {
    /// A new folder that only this user may enter, which is what keeps others from calling methods.
    fn create() -> io::Result<Self> {
        let process = std::process::id();
        for number in 0..1000 {
            let path = Path::new(FOLDER).join(format!("spdk-config.{process}.{number}"));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                created => return created.map(|()| Self(path)),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: what is left behind is an empty socket.
        let _ = fs::remove_dir_all(&self.0);
    }
}
