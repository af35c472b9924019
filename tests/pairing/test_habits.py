"""What record keepers' habits explain accuses nobody."""

import pytest

from .day import LOST, Day, Said


def numbers(tail: str) -> dict[str, str]:
    """Return the two numbers of one story."""
    return {"calling": f"+37529111{tail}", "called": f"+7916111{tail}"}


class Lawful:
    """One day with every lawful habit in it, each between numbers of its own."""

    def __init__(self, folder) -> None:
        self.day = day = Day()
        day.background(300)
        self.names = {
            name: getattr(self, name)(1800.0 + 600 * place, f"{place:04d}")
            for place, name in enumerate(
                (
                    "sent_again",
                    "renamed",
                    "grown",
                    "cut_at_departure",
                    "cut_at_arrival",
                    "cut_on_both",
                    "anonymous",
                    "withheld",
                    "diverted_before",
                    "diverted_after",
                    "unreadable",
                )
            )
        }
        self.said: Said = day.say(folder)

    def sent_again(self, at_s, tail):
        names = self.day.call(at_s, **numbers(tail))
        self.day.arrivals.append(dict(self.day.arrivals[-1]))
        return names

    def renamed(self, at_s, tail):
        names = self.day.call(at_s, **numbers(tail))
        last = self.day.departures[-1]
        self.day.departures.append({**last, "record_id": f"{names[0]}-1"})
        self.day.departures.append({**last, "record_id": f"{names[0]}-2"})
        return names

    def grown(self, at_s, tail):
        """An interim record while the call lasts, then the whole."""
        names = self.day.call(at_s, talk_s=500, **numbers(tail))
        short = {"talk_s": 240, "trunk": "MOW-1", "ring_s": 7.6}
        self.day.record(
            "arrivals", "interim-1", at_s=at_s + 0.4, **short, **numbers(tail)
        )
        return names

    def parts(self, side, at_s, tail, *, trunk, ring_s, lengths, name):
        """Write a long call as several records, each from where one ended."""
        for n, talk_s in enumerate(lengths):
            self.day.record(
                side,
                f"{name}-{n}",
                at_s=at_s,
                talk_s=talk_s,
                ring_s=ring_s if n == 0 else 0,
                trunk=trunk,
                **numbers(tail),
            )
            at_s += talk_s + (ring_s if n == 0 else 0)

    def cut_at_departure(self, at_s, tail):
        names = self.day.call(at_s, talk_s=4500, departure=LOST, **numbers(tail))
        self.parts(
            "departures",
            at_s,
            tail,
            trunk="MSQ-1",
            ring_s=8,
            lengths=[1800, 1800, 900],
            name="part-d",
        )
        return "part-d-0", names[1]

    def cut_at_arrival(self, at_s, tail):
        names = self.day.call(at_s, talk_s=4500, arrival=LOST, **numbers(tail))
        self.parts(
            "arrivals",
            at_s + 0.4,
            tail,
            trunk="MOW-1",
            ring_s=7.6,
            lengths=[1800, 1800, 900],
            name="part-a",
        )
        return names[0], "part-a-0"

    def cut_on_both(self, at_s, tail):
        self.parts(
            "departures",
            at_s,
            tail,
            trunk="MSQ-1",
            ring_s=8,
            lengths=[1800, 1800, 900],
            name="both-d",
        )
        self.parts(
            "arrivals",
            at_s + 0.4,
            tail,
            trunk="MOW-1",
            ring_s=7.6,
            lengths=[3000, 1500],
            name="both-a",
        )
        return "both-d-0", "both-a-0"

    def anonymous(self, at_s, tail):
        return self.day.call(
            at_s,
            called=f"+7916111{tail}",
            calling="anonymous",
            arrival={"calling": ""},
        )

    def withheld(self, at_s, tail):
        return self.day.call(
            at_s,
            **numbers(tail),
            departure={"presentation": "restricted"},
            arrival={"calling": ""},
        )

    def diverted_before(self, at_s, tail):
        """Y in the one country diverts to Z in the other, which is shown Y."""
        return self.day.call(
            at_s,
            **numbers(tail),
            departure={"redirecting": f"+37533222{tail}"},
            arrival={"calling": f"+37533222{tail}"},
        )

    def diverted_after(self, at_s, tail):
        """Called Y diverts to Z behind the border, where the record is made."""
        own = numbers(tail)
        return self.day.call(
            at_s,
            **own,
            arrival={"called": f"+7926333{tail}", "redirecting": own["called"]},
        )

    def unreadable(self, at_s, tail):
        """A calling number that is a name, on both sides."""
        return self.day.call(
            at_s, calling="sip:reception@gw.example.net", called=f"+7916111{tail}"
        )


@pytest.fixture(scope="module")
def lawful(tmp_path_factory):
    return Lawful(tmp_path_factory.mktemp("lawful"))


def test_a_lawful_day_accuses_nobody(lawful):
    """With every habit in one day, no call is accused of anything."""
    assert lawful.said.accused == []


@pytest.mark.parametrize(
    "habit",
    [
        "sent_again",
        "renamed",
        "grown",
        "cut_at_departure",
        "cut_at_arrival",
        "cut_on_both",
        "anonymous",
        "withheld",
        "diverted_before",
        "diverted_after",
        "unreadable",
    ],
)
def test_a_habit_does_not_keep_the_halves_apart(lawful, habit):
    """Whatever the habit, the two halves of the call are found to be one call."""
    departure, arrival = lawful.names[habit]
    assert lawful.said.partner(departure) == arrival
    assert lawful.said.kind(departure) is None


def test_repeated_records_are_counted_and_nothing_else(lawful):
    """A record sent again is counted as repeated on its own side."""
    told = lawful.said.summary["inputs"]
    assert told["departures"]["repeated"] == 2
    assert told["arrivals"]["repeated"] == 2


def test_parts_of_a_long_call_are_counted_as_continued(lawful):
    """Parts that go on where another ended are one call with it."""
    told = lawful.said.summary["inputs"]
    assert told["departures"]["continued"] == 4
    assert told["arrivals"]["continued"] == 3


def test_parts_add_up_to_the_whole(lawful):
    """A call in three parts on one side is as long as the other side's one record."""
    pairs = lawful.said.pairs.filter(arrival_id=lawful.names["cut_at_departure"][1])
    assert pairs["duration_difference_s"].to_list() == [0.0]
