//! gasworks-kernels
