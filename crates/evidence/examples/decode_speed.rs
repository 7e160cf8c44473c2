//! Compares the speed of streaming a gzip file with a bare `flate2` loop: `decode_speed <file.gz>`.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io::Read;
use std::time::Instant;

use aaf_evidence::{Member, Options, Visitor, discover, stream};

struct Count(Vec<u8>, u64);

impl Visitor for Count {
    fn leaf(&mut self, _: &Member, content: &mut dyn Read) {
        while let Ok(count @ 1..) = content.read(&mut self.0) {
            self.1 += count as u64;
        }
    }
}

fn main() {
    let path = std::env::args_os().nth(1).unwrap();
    let options = Options::default();
    let inventory = discover(&[path.clone().into()], &options);
    for round in 0..5 {
        let start = Instant::now();
        let file = std::fs::File::open(&path).unwrap();
        let input = std::io::BufReader::with_capacity(256 << 10, file);
        let mut decoder = flate2::bufread::MultiGzDecoder::new(input);
        let mut buffer = vec![0; 1 << 20];
        let mut bare = 0u64;
        while let count @ 1.. = decoder.read(&mut buffer).unwrap() {
            bare += count as u64;
        }
        let bare_time = start.elapsed();
        let start = Instant::now();
        let mut count = Count(vec![0; 1 << 20], 0);
        stream(&inventory.files[0], &options, &mut count);
        let time = start.elapsed();
        assert_eq!(count.1, bare);
        let speed = |time: std::time::Duration| bare as f64 / 1e6 / time.as_secs_f64();
        println!("round {round}: flate2 {:.0} MB/s, stream {:.0} MB/s", speed(bare_time), speed(time));
    }
}
