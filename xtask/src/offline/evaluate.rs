//! How well does a model tell attacks from normal traces, beside its baselines?

#![expect(dead_code)]
mod baselines;
mod bootstrap;
mod charts;
mod exhibit;
mod facts;
mod html;
mod json;
mod measure;
mod mixture;
mod parts;
mod per_call;
mod random;
mod roc;
mod scores;
mod stide;
