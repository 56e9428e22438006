//! Where a test's store is: a file in a directory of its own, or a database of its own in one PostgreSQL server for the
//! whole test process.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;

use crate::store::Store;

pub(super) struct Place {
    pub(super) url: String,
    pub(super) directory: Option<tempfile::TempDir>,
}

impl Place {
    pub(super) fn sqlite() -> Place {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = format!("sqlite:{}", directory.path().join("store.db").display());
        Place { url, directory: Some(directory) }
    }

    /// Nothing if there is no PostgreSQL on this machine, which is not good enough for a CI machine.
    pub(super) async fn postgres() -> Option<Place> {
        static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let server = SERVER.get_or_init(|| async { Server::start() }).await;
        let Some(server) = server else {
            let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!ci, "PostgreSQL is missing: install the package postgresql");
            eprintln!("not run: PostgreSQL is missing (apt-get install postgresql, then run the test again)");
            return None;
        };
        let name = format!("store_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let (client, connection) =
            tokio_postgres::connect(&server.url("postgres"), tokio_postgres::NoTls).await.expect("the server");
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        Some(Place { url: server.url(&name), directory: None })
    }

    pub(super) async fn open(&self, node: &str) -> Store {
        Store::open(&self.url, node).await.expect("the store opens")
    }
}

/// It ends when its standard input closes, that is with this process.
struct Server {
    directory: PathBuf,
    _process: Child,
}

impl Server {
    fn start() -> Option<Server> {
        let directory = tempfile::tempdir().expect("a temporary directory").keep();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/tests/postgres-for-tests.sh");
        let mut process = Command::new("sh")
            .arg(script)
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let mut said = String::new();
        let out = process.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut said).expect("an answer");
        match said.trim() {
            "ready" => Some(Server { directory, _process: process }),
            "missing" => None,
            _ => panic!("PostgreSQL does not start; what it says is above"),
        }
    }

    fn url(&self, database: &str) -> String {
        let socket = self.directory.display().to_string().replace('/', "%2F");
        format!("postgres://perennial@{socket}/{database}")
    }
}

/// Makes a test of each function for each engine.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::store::tests::place::Place::sqlite()).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(place) = crate::store::tests::place::Place::postgres().await {
                    super::$name(place).await;
                }
            })+
        }
    };
}
pub(super) use on_both_engines;
