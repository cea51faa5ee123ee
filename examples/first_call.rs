// Asks spikelossd for a loss and its gradient, with Rust's standard library alone. It has neither HTTP
// nor JSON: a real program would use a crate for each.
//
//     rustc examples/first_call.rs && ./first_call
//
// SPIKELOSSD_URL names the server, default http://127.0.0.1:8080
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

// [batch, time, neurons]: two samples, four time steps, two classes of two neurons each. The gradient
// is the same at every time step, so "broadcast" asks for one row a sample.
const REQUEST: &str = r#"{
    "spk": [[[1,0,0,1], [1,1,0,0], [1,0,0,0], [0,1,0,0]],
            [[0,0,1,1], [0,0,1,0], [1,0,1,1], [0,0,1,0]]],
    "targets": [0, 0], "num_classes": 2, "neurons_per_class": 2,
    "correct_rate": 0.75, "incorrect_rate": 0.125, "gradient": "broadcast"}"#;

/// Returns the status and the body of the answer.
fn post(url: &str, path: &str, body: &str) -> Result<(u16, String), Box<dyn Error>> {
    let rest = url.strip_prefix("http://").ok_or("only http:// here")?;
    let (host, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut connection = TcpStream::connect(host)?;
    write!(
        connection,
        "POST {prefix}{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no HTTP")?;
    let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    Ok((status, body.to_string()))
}

/// Returns what is between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("SPIKELOSSD_URL").unwrap_or("http://127.0.0.1:8080".to_string());
    let (status, answer) = post(&url, "/v1/losses/balanced_population_mse", REQUEST)?;
    if status != 200 {
        let detail = between(&answer, r#""detail":""#, r#"","#).unwrap_or(&answer);
        eprintln!("{}", detail.replace(r#"\""#, r#"""#));
        std::process::exit(1);
    }
    let loss: f64 = between(&answer, r#"{"loss":"#, ",").ok_or("no loss")?.parse()?;
    let gradient = between(&answer, r#""data":["#, "]")
        .ok_or("no gradient")?
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<f64>, _>>()?;
    println!("loss: {loss}");
    print!("gradient:");
    gradient.iter().for_each(|value| print!(" {value}"));
    println!();
    Ok(())
}
