//! Pages of HTML that need nothing but themselves: no script, no font, no picture from elsewhere.
//!
//! Everything that a watched process chose goes through `maud`, which escapes it.

pub mod incident;

pub mod period;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::detect::severity::Severity;

/// Light and dark, from a phone's width on.
const STYLE: &str = ":root{color-scheme:light \
                     dark;--ink:#1d2430;--dim:#5b6472;--paper:#fff;--rule:#d9dee6;--bar:#c2410c;--critical:#b00020;--high:#c2410c;--medium:#8a6100;--low:#3b5b7a}@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--dim:#9aa4b2;--paper:#14181f;--rule:#303846;--bar:#fb923c;--critical:#ff6b81;--high:#fb923c;--medium:#e5b94a;--low:#8fb4d9}}*{box-sizing:border-box}body{margin:0 auto;max-width:56rem;padding:1.5rem 1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem}.dim{color:var(--dim)}code,pre{font:.9em/1.5 ui-monospace,monospace}pre{overflow-x:auto;padding:.75rem;border:1px solid var(--rule);border-radius:.4rem}.badge{display:inline-block;padding:.1rem .6rem;border-radius:1rem;border:1px solid;font-weight:600}.critical{color:var(--critical)}.high{color:var(--high)}.medium{color:var(--medium)}.low{color:var(--low)}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0}dt{color:var(--dim)}dd{margin:0}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .5rem;vertical-align:top;border-bottom:1px solid var(--rule)}td.number,th.number{text-align:right;white-space:nowrap}.wide{overflow-x:auto}.meter{width:30%;min-width:5rem}.meter span{display:block;height:.7rem;background:var(--bar);border-radius:.2rem}ol.tree{list-style:none;margin:0;padding:0}ol.tree ol.tree{padding-left:1.2rem;border-left:1px solid var(--rule)}@media(max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}";

/// A whole document.
fn document(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
    .into_string()
}

/// How bad it is, as a word of its own colour.
fn badge(severity: Severity) -> Markup {
    let name = severity.name();
    html! { span class={ "badge " (name) } { (name) } }
}
