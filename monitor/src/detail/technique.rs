//! Techniques of MITRE ATT&CK (Enterprise, version 16), by their ids.

/// The tactic that a technique serves, as the tags of Falco's rules name it; where ATT&CK lists
/// several, the first that its own page names. `None` of one that is on no list here.
#[must_use]
pub fn tactic(technique: &str) -> Option<&'static str> {
    let parent = technique.split('.').next().unwrap_or(technique);
    Some(match parent {
        "T1003" | "T1528" | "T1552" => "mitre_credential_access",
        "T1053" => "mitre_execution",
        "T1055" | "T1620" => "mitre_defense_evasion",
        "T1098" | "T1136" | "T1543" | "T1547" | "T1554" | "T1574" => "mitre_persistence",
        "T1105" => "mitre_command_and_control",
        "T1611" => "mitre_privilege_escalation",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::tactic;
    use crate::detail::sensitive::LIST;
    use crate::profile::class::TECHNIQUES;

    #[test]
    fn every_technique_that_is_named_has_its_tactic() {
        let listed = LIST.iter().filter_map(|line| line.technique);
        for technique in listed.chain(TECHNIQUES.map(|(_, technique)| technique)) {
            assert!(tactic(technique).is_some(), "{technique}");
        }
        assert_eq!(tactic("T1003.008"), Some("mitre_credential_access"));
        assert_eq!(tactic("T9999"), None);
    }
}
