//! A row of bars in one line of text.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Counts over time, in equal parts of a period.
#[derive(Clone, Debug)]
pub struct Buckets {
    first_us: i64,
    last_us: i64,
    counts: Vec<f64>,
}

impl Buckets {
    /// So many parts from the first to the last instant.
    pub fn new(first_us: i64, last_us: i64, parts: usize) -> Buckets {
        Buckets { first_us, last_us: last_us.max(first_us), counts: vec![0.0; parts.max(1)] }
    }

    /// Adds events that are spread evenly from the one instant to the other.
    pub fn add(&mut self, from_us: i64, to_us: i64, count: f64) {
        let (from, to) = (self.part(from_us), self.part(to_us.max(from_us)));
        let parts = to - from + 1;
        if count < parts as f64 {
            // Few events are points, the first and last at the ends.
            let points = count.max(1.0) as usize;
            for point in 0..points {
                let at = if points == 1 { 0 } else { point * (parts - 1) / (points - 1) };
                self.counts[from + at] += count / points as f64;
            }
            return;
        }
        for part in &mut self.counts[from..=to] {
            *part += count / parts as f64;
        }
    }

    fn part(&self, time_us: i64) -> usize {
        let length = (self.last_us - self.first_us).max(1) as f64;
        let at = time_us.saturating_sub(self.first_us) as f64 / length * self.counts.len() as f64;
        (at.max(0.0) as usize).min(self.counts.len() - 1)
    }

    /// The bars; a blank where there was nothing.
    pub fn bars(&self) -> String {
        let most = self.counts.iter().copied().fold(0.0, f64::max);
        self.counts
            .iter()
            .map(|&count| {
                if count <= 0.0 {
                    return ' ';
                }
                // The square root keeps a few events visible beside a flood.
                let height = (count / most).sqrt() * (BARS.len() - 1) as f64;
                BARS[(height.round() as usize).min(BARS.len() - 1)]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_the_counts() {
        let mut buckets = Buckets::new(0, 100, 5);
        buckets.add(0, 0, 1.0);
        buckets.add(50, 50, 100.0);
        buckets.add(99, 100, 25.0);
        assert_eq!(buckets.bars(), "▂ █ ▅");
        assert_eq!(Buckets::new(5, 5, 3).bars(), "   ");
    }
}
