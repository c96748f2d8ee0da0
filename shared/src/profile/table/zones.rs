//! Time zones by the names under which services offer them to their customers ("Eastern Time (US & Canada)").

/// A service's name, and the IANA one.
const ZONES: [(&str, &str); 62] = [
    ("Eastern Time (US & Canada)", "America/New_York"),
    ("Central Time (US & Canada)", "America/Chicago"),
    ("Mountain Time (US & Canada)", "America/Denver"),
    ("Pacific Time (US & Canada)", "America/Los_Angeles"),
    ("Indiana (East)", "America/Indiana/Indianapolis"),
    ("Arizona", "America/Phoenix"),
    ("Alaska", "America/Juneau"),
    ("Hawaii", "Pacific/Honolulu"),
    ("Atlantic Time (Canada)", "America/Halifax"),
    ("Newfoundland", "America/St_Johns"),
    ("Saskatchewan", "America/Regina"),
    ("Puerto Rico", "America/Puerto_Rico"),
    ("Guam", "Pacific/Guam"),
    ("Mexico City", "America/Mexico_City"),
    ("Guadalajara", "America/Mexico_City"),
    ("Monterrey", "America/Monterrey"),
    ("Tijuana", "America/Tijuana"),
    ("Bogota", "America/Bogota"),
    ("Lima", "America/Lima"),
    ("Santiago", "America/Santiago"),
    ("Brasilia", "America/Sao_Paulo"),
    ("Buenos Aires", "America/Argentina/Buenos_Aires"),
    ("Montevideo", "America/Montevideo"),
    ("UTC", "Etc/UTC"),
    ("London", "Europe/London"),
    ("Edinburgh", "Europe/London"),
    ("Dublin", "Europe/Dublin"),
    ("Lisbon", "Europe/Lisbon"),
    ("Azores", "Atlantic/Azores"),
    ("Canary Islands", "Atlantic/Canary"),
    ("Paris", "Europe/Paris"),
    ("Madrid", "Europe/Madrid"),
    ("Berlin", "Europe/Berlin"),
    ("Bern", "Europe/Zurich"),
    ("Zurich", "Europe/Zurich"),
    ("Vienna", "Europe/Vienna"),
    ("Rome", "Europe/Rome"),
    ("Amsterdam", "Europe/Amsterdam"),
    ("Brussels", "Europe/Brussels"),
    ("Copenhagen", "Europe/Copenhagen"),
    ("Stockholm", "Europe/Stockholm"),
    ("Prague", "Europe/Prague"),
    ("Budapest", "Europe/Budapest"),
    ("Warsaw", "Europe/Warsaw"),
    ("Ljubljana", "Europe/Ljubljana"),
    ("Zagreb", "Europe/Zagreb"),
    ("Athens", "Europe/Athens"),
    ("Bucharest", "Europe/Bucharest"),
    ("Helsinki", "Europe/Helsinki"),
    ("Istanbul", "Europe/Istanbul"),
    ("Tokyo", "Asia/Tokyo"),
    ("Osaka", "Asia/Tokyo"),
    ("Sapporo", "Asia/Tokyo"),
    ("Perth", "Australia/Perth"),
    ("Adelaide", "Australia/Adelaide"),
    ("Darwin", "Australia/Darwin"),
    ("Brisbane", "Australia/Brisbane"),
    ("Sydney", "Australia/Sydney"),
    ("Melbourne", "Australia/Melbourne"),
    ("Canberra", "Australia/Sydney"),
    ("Hobart", "Australia/Hobart"),
    ("Auckland", "Pacific/Auckland"),
];

/// The IANA name of a zone that a service calls this.
pub fn iana(name: &str) -> Option<&'static str> {
    let found = ZONES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
    found.map(|(_, iana)| *iana)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_a_zone_that_exists() {
        for (name, iana) in ZONES {
            assert!(jiff::tz::TimeZone::get(iana).is_ok(), "{name}");
        }
        assert_eq!(iana("eastern time (US & Canada)"), Some("America/New_York"));
        assert_eq!(iana("Atlantis"), None);
    }
}
