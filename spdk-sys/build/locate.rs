//! Owns the search for an installed SPDK: which pkg-config files are asked for, where they are
//! looked for, and what the user is told when they are not there.
//!
//! pkg-config is run once for all packages, so its order is the order of the whole link line.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release that the crate is written for.
const SUPPORTED: Version = Version { major: 26, minor: 5 };

/// The packages whose closure is linked. SPDK's files name what they need of one another, but not
/// the environment's implementation nor the system's libraries.
const PACKAGES: [&str; 6] = [
    "spdk_event",
    "spdk_event_bdev",
    "spdk_bdev",
    "spdk_bdev_modules",
    "spdk_env_dpdk",
    "spdk_syslibs",
];

/// Where pkg-config files lie, below an install prefix and below a source tree that was built.
const PKG_CONFIG_FOLDERS: [&str; 5] = [
    "lib/pkgconfig",
    "lib64/pkgconfig",
    "build/lib/pkgconfig",
    "dpdk/build/lib/pkgconfig",
    "dpdk/build/lib64/pkgconfig",
];

/// An SPDK release; the patch level does not change the API.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    major: u32,
    minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v{}.{:02}", self.major, self.minor)
    }
}

/// A library of the link line.
#[derive(PartialEq, Eq)]
pub(crate) struct Library {
    /// Its name without `lib` and suffix.
    pub(crate) name: String,
    /// Whether pkg-config names the archive itself, so that no shared library will do.
    pub(crate) archive: bool,
}

/// An SPDK that was found.
#[derive(Default)]
pub(crate) struct Spdk {
    /// Folders of headers.
    pub(crate) include: Vec<PathBuf>,
    /// Folders of libraries.
    pub(crate) search: Vec<PathBuf>,
    /// Libraries in pkg-config's order, each once.
    pub(crate) libraries: Vec<Library>,
}

impl Spdk {
    /// Finds SPDK in `SPDK_DIR` if that is set, else by pkg-config's own search path.
    pub(crate) fn find() -> Result<Self, String> {
        for variable in ["SPDK_DIR", "PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR"] {
            println!("cargo::rerun-if-env-changed={variable}");
        }
        let root = env::var_os("SPDK_DIR").map(PathBuf::from);
        let mut spdk = Self::default();
        for word in pkg_config(root.as_deref())?.split_whitespace() {
            spdk.add(word);
        }
        spdk.include.extend(root.map(|root| root.join("include")));
        Ok(spdk)
    }

    /// Warns the user if this SPDK is not of the supported release.
    pub(crate) fn check_version(&self) -> Result<(), String> {
        let header = self.version_header()?;
        let found = read_version(&header)?;
        if found != SUPPORTED {
            println!(
                "cargo::warning=SPDK {found} was found; spdk-sys is written for and tested with \
                 SPDK {SUPPORTED}"
            );
        }
        Ok(())
    }

    /// Takes in a word of pkg-config's answer. An archive named by its path stands for its folder
    /// and its name: an installed `spdk_syslibs.pc` may name ISA-L in a source tree that is gone,
    /// while a copy lies beside SPDK's libraries.
    fn add(&mut self, word: &str) {
        if let Some(folder) = word.strip_prefix("-I") {
            self.include.push(folder.into());
        } else if let Some(folder) = word.strip_prefix("-L") {
            self.search.push(folder.into());
        } else if let Some(library) = library(word) {
            let path = Path::new(word);
            if path.is_file() {
                self.search.extend(path.parent().map(Path::to_path_buf));
            }
            if !self.libraries.contains(&library) {
                self.libraries.push(library);
            }
        }
    }

    fn version_header(&self) -> Result<PathBuf, String> {
        let headers = self.include.iter().map(|folder| folder.join("spdk/version.h"));
        headers.clone().find(|header| header.is_file()).ok_or_else(|| {
            format!(
                "SPDK's pkg-config files were found, but not its header version.h\n\
                 looked for: {}\n\
                 install SPDK's headers (`make install`, or the -dev or -devel package)",
                list(headers)
            )
        })
    }
}

/// The library that a word of pkg-config's answer names, if it names one.
fn library(word: &str) -> Option<Library> {
    let file = word.strip_prefix("-l:").unwrap_or(word);
    let archive = Path::new(file).file_name()?.to_str()?.strip_prefix("lib");
    let (name, archive) = match archive.and_then(|file| file.strip_suffix(".a")) {
        Some(name) => (name, true),
        None => (word.strip_prefix("-l")?, false),
    };
    Some(Library { name: name.to_owned(), archive })
}

/// pkg-config's answer for all packages in one line.
fn pkg_config(root: Option<&Path>) -> Result<String, String> {
    let program = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let search = search_path(root)?;
    let mut command = Command::new(&program);
    command.args(["--static", "--libs", "--cflags"]).args(PACKAGES);
    // Without these it hides the folders that the C compiler would search by itself; rustc and
    // libclang do not search them.
    command.env("PKG_CONFIG_ALLOW_SYSTEM_LIBS", "1").env("PKG_CONFIG_ALLOW_SYSTEM_CFLAGS", "1");
    if let Some(search) = &search {
        command.env("PKG_CONFIG_PATH", search);
    }
    let output = command.output().map_err(|error| {
        format!(
            "cannot run `{}`: {error}\n\
             install pkg-config, or name another program in the environment variable PKG_CONFIG",
            program.to_string_lossy()
        )
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(not_found(search.as_deref(), &String::from_utf8_lossy(&output.stderr)))
}

/// The value of `PKG_CONFIG_PATH` for the search: what `SPDK_DIR` adds, then the user's own.
fn search_path(root: Option<&Path>) -> Result<Option<OsString>, String> {
    let own = env::var_os("PKG_CONFIG_PATH");
    let Some(root) = root else {
        return Ok(own);
    };
    let candidates = PKG_CONFIG_FOLDERS.map(|folder| root.join(folder));
    let folders: Vec<_> = candidates.iter().filter(|folder| folder.is_dir()).collect();
    if folders.iter().all(|folder| !folder.join("spdk_event.pc").is_file()) {
        return Err(format!(
            "SPDK_DIR is {}, but there is no spdk_event.pc\n\
             looked in: {}\n\
             set SPDK_DIR to SPDK's install prefix or to a source tree in which it was built, \
             or unset it to search by pkg-config alone",
            root.display(),
            list(candidates.into_iter())
        ));
    }
    let own = own.iter().flat_map(env::split_paths);
    let all = folders.into_iter().cloned().chain(own);
    env::join_paths(all).map(Some).map_err(|error| format!("SPDK_DIR cannot be used: {error}"))
}

fn not_found(search: Option<&std::ffi::OsStr>, answer: &str) -> String {
    let first = answer.lines().next().unwrap_or("no reason given").trim();
    format!(
        "no usable SPDK was found for the feature `system`\n\
         looked for: {} (pkg-config packages of SPDK {SUPPORTED})\n\
         looked in: {}, then pkg-config's own folders\n\
         pkg-config says: {first}\n\
         install SPDK and set PKG_CONFIG_PATH to the folder of its .pc files, or SPDK_DIR to its \
         install prefix or built source tree; without SPDK use the feature `embedded`",
        PACKAGES.join(", "),
        search.map_or("PKG_CONFIG_PATH (not set)".into(), |path| path.to_string_lossy()),
    )
}

fn list(paths: impl Iterator<Item = PathBuf>) -> String {
    let paths: Vec<_> = paths.map(|path| path.display().to_string()).collect();
    if paths.is_empty() { "no folder".to_owned() } else { paths.join(", ") }
}

fn read_version(header: &Path) -> Result<Version, String> {
    let text = fs::read_to_string(header)
        .map_err(|error| format!("cannot read {}: {error}", header.display()))?;
    let number = |name: &str| {
        let line =
            text.lines().find_map(|line| line.strip_prefix("#define")?.trim().strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
            .ok_or_else(|| format!("{} does not define {name} as a number", header.display()))
    };
    Ok(Version { major: number("SPDK_VERSION_MAJOR")?, minor: number("SPDK_VERSION_MINOR")? })
}
