//! gauss-math
