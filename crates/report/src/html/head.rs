//! What stands around the sections: the policy, the marking, the contents, the script.

use sha2::{Digest as _, Sha256};

use super::escape;
use super::timeline::Lanes;
use crate::dossier::Dossier;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

const CONTENTS: [(&str, &str); 12] = [
    ("case", "Case and custody"),
    ("incidents", "Incidents"),
    ("timeline", "Timeline"),
    ("lines", "Lines of the timelines"),
    ("windows", "Unprotected windows"),
    ("state", "State at collection"),
    ("matrix", "ATT&amp;CK techniques"),
    ("indicators", "Indicators"),
    ("evidence", "Evidence"),
    ("integrity", "Integrity of the evidence"),
    ("limits", "Limits and preservation"),
    ("sign", "Sign-off"),
];

fn hash(text: &str) -> String {
    format!("sha256-{}", escape::base64(&Sha256::digest(text.as_bytes())))
}

fn marking(dossier: &Dossier) -> String {
    let derivative = if dossier.derivative {
        format!("<p><strong>{}</strong>\n", escape::text(crate::redact::DERIVATIVE))
    } else {
        String::new()
    };
    let Some(tlp) = &dossier.tlp else { return derivative };
    let class = match &**tlp {
        "TLP:RED" => "tlp-red",
        "TLP:GREEN" => "tlp-green",
        "TLP:AMBER" | "TLP:AMBER+STRICT" => "tlp-amber",
        _ => "",
    };
    format!("<p><span class=\"tlp {class}\">{}</span>\n{derivative}", escape::text(tlp))
}

/// The style, with the marking in the margins of printed pages; only markings of the protocol get there.
fn style(dossier: &Dossier) -> String {
    const KNOWN: [&str; 5] = ["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"];
    let marking = KNOWN.into_iter().find(|known| dossier.tlp.as_deref() == Some(known));
    let margins = marking.map_or_else(String::new, |marking| {
        format!("@page{{@top-right{{content:\"{marking}\";font-size:9pt;font-weight:bold}}@bottom-center{{content:\"{marking}\";font-size:9pt;font-weight:bold}}}}")
    });
    format!("{STYLE}{margins}")
}

pub(super) fn head(dossier: &Dossier) -> String {
    let title = escape::text(&dossier.title());
    let style = style(dossier);
    let contents: String =
        CONTENTS.iter().map(|(id, name)| format!("<li><a href=\"#{id}\">{name}</a>")).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src '{}'; style-src '{}'; \
         img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=referrer content=no-referrer>\n<meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <link rel=icon href=\"data:,\">\n<title>AppArmor forensic report: {title}</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <a class=skip href=\"#incidents\">Skip to the incidents</a>\n<header>\n{}<h1>AppArmor forensic report: {title}</h1>\n\
         <nav aria-label=Contents><ul>{contents}</ul></nav>\n</header>\n<main>\n",
        hash(SCRIPT),
        hash(&style),
        marking(dossier),
    )
}

pub(super) fn foot(lanes: &Lanes) -> String {
    let data = escape::json(&serde_json::json!({ "first_us": lanes.first_us, "last_us": lanes.last_us }));
    format!(
        "</main>\n<script type=\"application/json\" id=data>{data}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}
