//! gauss-rbig
