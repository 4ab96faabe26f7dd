//! The leanest client over hyper's connection level: `hyper_client HOST:PORT CONNECTIONS SECONDS` prints requests per
//! CPU-second of this process. One current-thread runtime; no phases, no histograms, no walk.

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, seconds] = &arguments[..] else {
        return Err("hyper_client HOST:PORT CONNECTIONS SECONDS".into());
    };
    let (connections, seconds): (usize, f64) = (connections.parse()?, seconds.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = Rc::new(Cell::new(0_u64));
    let local = LocalSet::new();
    for _ in 0..connections {
        let (address, served) = (address.clone(), Rc::clone(&served));
        local.spawn_local(async move {
            if let Err(error) = ask_on(&address, &served).await {
                eprintln!("{error}");
            }
        });
    }
    local.block_on(&runtime, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (requests, cpu_s) = (served.get(), cpu_s());
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        println!("{:.0}", (served.get() - requests) as f64 / (self::cpu_s() - cpu_s));
    });
    Ok(())
}

async fn ask_on(address: &str, served: &Cell<u64>) -> Result<(), Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    loop {
        let request = Request::get("/").header("Host", address).body(Empty::<Bytes>::new())?;
        let mut answer = sender.send_request(request).await?;
        while let Some(frame) = answer.frame().await {
            frame?;
        }
        served.set(served.get() + 1);
        sender.ready().await?;
    }
}

fn cpu_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
