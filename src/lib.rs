//! gasworks
