"""Every number the simulated world depends on, with where it comes from.

"Handbook" is the project's collection of published and measured telephone
parameters; [M] there means measured on real records, [V] verified in a source,
[B] background knowledge. What is marked [B] is a choice, to be swept.
"""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tallystick.simulate.calls.sense import check
from tallystick.simulate.calls.settings import build, read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which one keeper's records are lost."""

    side: str
    """`departures`, `arrivals` or `domestic`."""
    start_h: float
    """Hours after the first local midnight."""
    minutes: float
    """How long."""
    trunk: str = ""
    """Only this trunk; empty for the keeper's whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Two countries, the calls between them and their two record keepers.

    Units: `_s` seconds, `_ms` milliseconds, `_h` hours, `_share` 0..1 of what the
        docstring names.
    """

    # Time
    start: str = "2026-03-10"
    """First local day. A Tuesday."""
    days: int = 1
    """How many days the files cover."""
    utc_offset_h: float = 3.0
    """Local time of both countries; Minsk and Moscow keep the same, without DST."""
    margin_s: float = 300.0
    """Calls are also made this long before and after, so that the cut at midnight
    separates halves as it does in real files."""
    edge_cut: bool = True
    """Each keeper's file holds what started, by its own clock, in the days asked
    for. Without it the files hold the margins too."""
    hour_shares: tuple[float, ...] = (
        *(1.6, 1.0, 0.6, 0.3, 0.2, 0.3, 1.0, 2.6, 5.2, 6.4, 6.8, 6.8),
        *(6.4, 6.2, 6.6, 6.8, 7.0, 7.2, 7.0, 6.0, 5.0, 4.2, 3.2, 2.4),
    )
    """Weight of each local hour. Handbook 3.2 [M Nodobo, students], with 8-12 h
    lifted to 6-7 % for adults and the afternoon lowered accordingly [B]."""
    day_shares: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.05, 0.95, 0.9)
    """Weight of each weekday, Monday first: no weekday dominates at national scale.
    Handbook 3.2 [V Gurukar]."""

    # Who calls
    caller_calls_per_day: float = 1.8
    """Mean international attempts of a subscriber who makes any. Of 4.8 calls a day
    [M Nodobo] 6.2 % are international [V cdr-gen]; those who call abroad at all
    do so more than once [B]."""
    caller_activity_sigma: float = 1.0
    """Lognormal spread of activity: 0.4 to 19 calls a day. Handbook 3.2 [M]."""
    gap_shape: float = 0.4
    """Weibull shape of the gaps between a subscriber's own calls, redials aside.
    With redials and the day curve the whole comes to 0.45, its median to ten minutes;
    over all calls of a handset 0.347 and 661 s were measured: Handbook 3.2 [M]."""
    contacts_median: float = 30.0
    """Distinct called parties of a caller. Handbook 3.2 [M: 11-75, median 30]."""
    contacts_sigma: float = 0.5
    """Lognormal spread of that."""
    top_contact_shares: tuple[float, ...] = (0.33, 0.15, 0.10, 0.08, 0.06)
    """Share of a caller's calls to the first contacts. Handbook 3.2 [M]."""
    pbx_call_share: float = 0.12
    """Share of calls that come from private exchanges and call centres which all
    present one number [B]."""
    pbx_count: int = 24
    """How many such calling numbers; the largest makes thousands of calls a day."""
    pbx_zipf: float = 0.9
    """How unevenly they call."""
    pbx_repeat_share: float = 0.25
    """Share of their calls that go to their few main partners, the rest being spread
    over everybody [B]."""
    roaming_share: float = 0.02
    """Callers who are guests in the departure country: Handbook 3.2, 1-3 % of
    inbound [B]. They leave both halves."""
    roaming_third_share: float = 0.3
    """Of these, guests from a third country; the others call home."""
    roaming_elsewhere_share: float = 0.0
    """Arrivals from the departure country's subscribers who are guests in a third
    country, whose call never crosses the departure country's border. Honest, but the
    two sides' records cannot show it: 0 by default, to be swept."""
    third_country_share: float = 0.0
    """Arrivals from a third country's callers, in transit through the same carriers;
    they never crossed the departure country's border. 0 by default, to be swept."""
    withheld_share: float = 0.025
    """Callers who lawfully withhold their number. Handbook 3.2: withheld and lost
    together 2-5 % [B]."""

    # Who is called
    business_call_share: float = 0.20
    """Share of subscribers' calls to businesses [B]."""
    switchboard_call_share: float = 0.08
    """Share to switchboards, banks, airlines: a few numbers with thousands of calls
    a day [B]."""
    switchboard_count: int = 20
    """How many such called numbers."""
    switchboard_zipf: float = 1.0
    """How unevenly they are called."""
    business_zipf: float = 0.7
    """How unevenly businesses are called."""
    called_per_call: float = 0.8
    """Called subscribers that exist for each call made."""
    businesses_per_call: float = 0.01
    """Called businesses that exist for each call made."""
    mobile_share: float = 0.75
    """Subscriber numbers that are mobile."""

    # Trying again
    redial_share: float = 0.45
    """Unanswered callers who try again [B]."""
    redial_max: int = 6
    """At most so often in a row."""
    redial_gap_median_s: float = 25.0
    """Median time from giving up to the next attempt; bursts of seconds to minutes,
    calibrated with `gap_shape`."""
    redial_gap_sigma: float = 1.3
    """Lognormal spread of it."""
    redial_answer_factor: float = 0.75
    """A redial is answered less often than a first attempt [B]."""

    # What becomes of a call
    answer_shares: tuple[float, float, float] = (0.62, 0.74, 0.93)
    """First attempts answered by subscribers, businesses, switchboards. With redials
    the answer-seizure ratio is then 55-65 %: Handbook 3.2 "good" [V]."""
    unanswered_causes: tuple[int, ...] = (19, 16, 17, 18, 20, 1, 34, 41)
    """Q.850 causes of unanswered calls: no answer, given up, busy, no response,
    absent, unallocated, no circuit, temporary failure."""
    unanswered_cause_shares: tuple[float, ...] = (
        *(0.36, 0.30, 0.18, 0.05, 0.05, 0.02, 0.02, 0.02),
    )
    """How often each; the last two are the network's: NER 95-98 %, Handbook 3.2."""
    failed_in_transit_share: float = 0.01
    """Attempts that a transit carrier cannot pass on and the other side never sees:
    departures without arrival, unanswered and honest. Part of the same NER."""
    rerouted_share: float = 0.6
    """Of these, attempts the departure switch at once repeats over another carrier."""
    setup_median_s: float = 3.4
    """Arrival seizure to ringing. With transit the post-dial delay has a median of
    4-5 s and a 95 % point below 11 s. Handbook 3.2: IP 2-6 s, E.721 mean 8 s."""
    setup_sigma: float = 0.45
    """Lognormal spread of it."""
    transit_median_s: float = 0.45
    """Departure seizure to arrival seizure on a usual route."""
    transit_route_sigma: float = 0.5
    """Lognormal spread of that between routes."""
    transit_call_sigma: float = 0.35
    """Lognormal spread between calls of one route: 0-3 s altogether, as the hop
    jitter of the Jaeger generator. Handbook 3.1 [V]."""
    back_delay_median_s: float = 0.12
    """Answer and release signal on their way back [B]."""
    back_delay_sigma: float = 0.6
    """Lognormal spread of it."""
    ring_median_s: tuple[float, float, float] = (8.0, 6.0, 2.5)
    """Ringing until answer for subscribers, businesses, switchboards; right-skewed.
    Handbook 3.2 [B]."""
    ring_sigma: float = 0.65
    """Lognormal spread of it."""
    no_answer_timers_s: tuple[float, ...] = (30.0, 45.0, 60.0)
    """When the called network gives up, one of these per called number.
    Handbook 3.2: 30-60 s [B]."""
    duration_scale_s: float = 45.0
    """Median of a subscriber's conversations at home. Handbook 3.2: 30-60 s [M]."""
    duration_scale_sigma: float = 0.5
    """Lognormal spread between subscribers. Handbook 3.2 [M + B]."""
    duration_shape: float = 1.4
    """Log-logistic shape. Handbook 3.2: 1.0-1.5 [M]; the family fits 96 % of 3.1 M
    users [V TLAC]."""
    international_factor: float = 2.5
    """International calls last longer by this. Handbook 3.2: 2-3, ACD 3-6 min [V]."""
    pbx_duration_factor: float = 0.8
    """Call centres talk shorter than people do [B]."""
    duration_max_s: float = 14_400.0
    """Longest call: 4 h. Handbook 3.2 [B]."""
    caller_releases_share: float = 0.6
    """Who hangs up first decides which side sees the release later [B]."""

    # What honest transit does
    number_lost_share: float = 0.002
    """Calls whose number is lost on the way without anybody's intent. Handbook 3.2
    gives 2-5 % for withheld and lost together [B]."""
    national_form_share: float = 0.01
    """Calls whose calling number arrives in the departure country's national form.
    Handbook 3.2: 1-3 % [B]."""
    transit_defect_sigma: float = 1.0
    """Lognormal spread of the two above between arrival trunks."""
    diverted_before_share: float = 0.010
    """Calls diverted before the border: both halves name the redirecting number."""
    diverted_transit_share: float = 0.003
    """Calls diverted beyond the first switch of transit: the arrival's called or
    calling number is another one and the redirecting number says why. With the one
    above Handbook 3.2: 1-2 % [B]."""
    voicemail_share: float = 0.002
    """Answered calls that voicemail took: answered at departure, a missed call at
    arrival. 44 of 237 between handsets [M Nodobo], rare between switches [B]."""

    # Carriers and trunks
    carriers: tuple[int, int] = (14, 12)
    """Neighbouring carriers of the departure and of the arrival side."""
    carrier_zipf: float = 1.1
    """How uneven their market shares are."""
    small_carriers: int = 5
    """Of these, the smallest, which share `small_carrier_share` in equal parts."""
    small_carrier_share: float = 0.05
    """Market share of all small carriers together."""
    trunks_per_carrier: tuple[int, int] = (1, 6)
    """Fewest and most trunks of a carrier."""
    direct_share: float = 0.7
    """Calls that arrive by the carrier they left by; the rest changes hands."""

    # Clocks
    clock_sd_s: float = 0.2
    """Offset of a trunk's clock. Handbook 3.2: NTP, normal with sd 0.2 s [B]."""
    clock_constant_share: float = 0.02
    """Trunks off by `clock_constant_s`. Handbook 3.2 [B]."""
    clock_constant_s: tuple[float, float] = (1.0, 5.0)
    """Least and most such offset."""
    clock_hour_share: float = 0.002
    """Trunks off by a whole hour (zone or DST mistake). Handbook 3.2 [B]."""
    clock_drift_s_per_day: float = 0.05
    """Standard deviation of a trunk's drift."""
    whole_second_share: float = 0.25
    """Trunks whose times are cut to whole seconds [B]."""

    # What keepers write
    answer_time_share: float = 0.85
    """Trunks that record when the call was answered [B]."""
    release_time_share: float = 0.85
    """Trunks that record when the call was released [B]."""
    presentation_share: float = 0.8
    """Trunks that record the presentation of the number [B]."""
    withheld_kept_share: float = 0.4
    """Arrival trunks that still receive a number marked as restricted; the others
    receive none [B]."""
    nothing_texts: tuple[str, ...] = ("", "", "anonymous", "unavailable")
    """What trunks write for a number that is not there, each as likely."""
    billing_steps_s: tuple[float, ...] = (0.1, 1.0, 6.0, 60.0)
    """Durations are rounded up to one of these, per carrier. Handbook 3.2 [V]."""
    billing_step_shares: tuple[float, ...] = (0.1, 0.72, 0.12, 0.06)
    """How many carriers use each."""
    metering_bias_s: float = 0.55
    """Arrivals are metered longer by this, on average."""
    metering_sd_s: float = 0.95
    """Spread of that per call. With the rounding to seconds: equal 25 %, within 1 s
    80 %, within 2 s 90 %. Handbook 3.2 [M Nodobo], the tail aside."""
    duration_tail_share: float = 0.003
    """Answered calls whose durations differ by more than metering explains. Two
    people's handsets show 8 % [M Nodobo]; two switches on one signalling path far
    fewer [B]. The parameter set `handsets` has the 8 %."""
    duration_tail_s: tuple[float, float] = (3.0, 120.0)
    """Least and most such difference, log-uniform. Handbook 3.2 [M: -21..+120]."""
    duration_tail_departure_share: float = 0.4
    """Of these, calls the departure side holds to be the longer. [M: 4 of 10]."""
    formats_departure_calling: dict[str, float] = dataclasses.field(
        default_factory=lambda: {"plus": 0.3, "bare": 0.4, "national": 0.3}
    )
    """How departure trunks write the calling number [B]: `plus`, `bare` (without
    it), `00`, `810`, `national` (with trunk prefix), `national_bare`."""
    formats_departure_called: dict[str, float] = dataclasses.field(
        default_factory=lambda: {"plus": 0.3, "bare": 0.35, "00": 0.1, "810": 0.25}
    )
    """How departure trunks write the called number."""
    formats_arrival_calling: dict[str, float] = dataclasses.field(
        default_factory=lambda: {"plus": 0.35, "bare": 0.45, "00": 0.1, "810": 0.1}
    )
    """How arrival trunks write the calling number."""
    formats_arrival_called: dict[str, float] = dataclasses.field(
        default_factory=lambda: {
            "plus": 0.3,
            "bare": 0.4,
            "national": 0.15,
            "national_bare": 0.15,
        }
    )
    """How arrival trunks write the called number."""
    local_time: tuple[str, ...] = ("departures",)
    """Keepers that write times with their zone's offset; the others write `Z`."""
    record_ids: str = "keeper"
    """`keeper` and `trunk`: running serial numbers, given before anything is lost;
    `random`: no order."""
    repeated_share: float = 0.002
    """Records transmitted twice [B]; half of them under a new id."""
    partial_share: float = 0.2
    """Trunks that write long calls as several partial records [B]."""
    partial_s: float = 1800.0
    """Length of a part."""
    hung_share: float = 0.0005
    """Records that were never closed: no release time. Handbook 1.4, 3.2 [B]."""
    hung_long_share: float = 0.2
    """Of these, records billed until the audit of open calls found them."""
    hung_audit_s: float = 900.0
    """How often that audit runs."""
    loss_share: float = 0.005
    """Records lost at random by either keeper. Handbook 3.2: 0.1-0.5 % [B]."""
    outages: tuple[Outage, ...] = (
        Outage(side="arrivals", start_h=14.25, minutes=20.0),
    )
    """Times in which a keeper's records are lost."""
    outage_by: str = "start"
    """Whether an outage loses the calls that `start` or those that `release` in it."""

    # Domestic calls of the arrival country
    domestic_per_call: float = 0.5
    """Domestic records for each international call. Real ratios are far higher; the
    called numbers' own load is what matters here."""
    domestic_loss_share: float = 0.005
    """Domestic records lost at random."""

    @classmethod
    def load(cls, source: str | Path) -> Self:
        """Read the fields that a TOML file names; the others keep their defaults.

        Args:
            source: A file, or the name of a set shipped with the package.
        """
        values = read_toml(source, folder="parameters")
        parameters = build(cls, values, where="the file", topic="parameters")
        check(parameters)
        return parameters

    @property
    def start_ms(self) -> int:
        """The first local midnight, in milliseconds since 1970 UTC."""
        day = dt.datetime.fromisoformat(self.start)
        utc = day.replace(tzinfo=dt.UTC)
        return round((utc.timestamp() - self.utc_offset_h * 3600) * 1000)

    @property
    def first_weekday(self) -> int:
        """Weekday of the first local day, 0 for Monday."""
        return dt.date.fromisoformat(self.start).weekday()
