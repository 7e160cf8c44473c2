//! The place for micro benchmarks of single stages. What users would notice is measured by `compare.sh` beside this.
