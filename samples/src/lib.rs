//! gasworks-samples
