"""Makes a guide of any size, of made-up courses, to measure how the toolkit's cost grows.

    python benchmarks/big_guide.py --lessons 10000 --out FOLDER [--seed 0] [--year 2026]

The guide has two languages. A guide of 344 lessons has about as many topics, references and terms as the one
in this repository; with the lessons they grow by power laws (as a text's vocabulary grows with its length) to
2,000 topics and 5,000 references at 10,000 lessons. Courses are as long as there, lessons and texts too: 9
topics a lesson, 1.5 prerequisites a topic. The same options always make the same files. `curriculum/` is in
the form that `moocmap fmt` gives it, `site/` is what `moocmap init` starts with. There are no experiments:
how many there are has nothing to do with a guide's size.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePath
from typing import Any

import yaml

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.formatting import format_text
from moocmap.curriculum.load import FOLDER
from moocmap.curriculum.model import DEPTHS
from moocmap.curriculum.schema import modeline, write_schemas
from moocmap.files import write_atomically
from moocmap.starter import start_guide

LOCALES = ("en", "es")
LESSONS = 344
"""How many lessons today's guide has; `SIZES` says what else it has, and how that grows."""
SIZES = {"topics": (377, 0.4952), "references": (242, 0.89869), "terms": (124, 0.4952), "areas": (14, 0.25)}
LESSONS_OF_COURSE = 15.6
LEVELS = 8

Texts = dict[str, str]
Data = dict[str, Any]

# English, Spanish: adjectives, and what they stand before or behind.
_KINDS = """sparse disperso|linear lineal|local local|global global|dual dual|central central
flexible flexible|gradual gradual|partial parcial|spatial espacial|temporal temporal
neural neuronal|casual casual|formal formal|mutual mutual|modal modal|radial radial
serial serial|spectral espectral|diagonal diagonal|formidable notable|stable estable
variable variable|trainable entrenable|differentiable diferenciable|recurrent recurrente
convergent convergente|dependent dependiente|equivalent equivalente|constant constante
latent latente|coherent coherente|efficient eficiente|resilient resistente
independent independiente|relevant relevante|virtual virtual|visual visual|causal causal
marginal marginal|optimal ideal|initial inicial|final final|residual residual
conditional condicional|additional adicional"""
_THINGS = """network red|layer capa|kernel núcleo|gradient gradiente|filter filtro|sampling muestreo
loss pérdida|search búsqueda|encoding codificación|attention atención|memory memoria
pruning poda|tuning ajuste|index índice|schedule plan|cluster grupo|tensor tensor
vector vector|matrix matriz|graph grafo|tree árbol|policy política|reward recompensa
agent agente|margin margen|mixture mezcla|prior distribución|score puntuación
metric métrica|budget presupuesto|cache caché|stream flujo|window ventana|token unidad
parser analizador|decoder decodificador|sensor sensor|detector detector
classifier clasificador|regressor estimador|ensemble conjunto|bound cota|signal señal
spectrum espectro|transform transformada|projection proyección"""
_SENTENCES = (
    ("It begins with {a} and shows on small data why {b} is needed.",
     "Empieza con {a} y muestra con pocos datos por qué hace falta {b}."),
    ("Exercises ask you to program {a} without a library and to explain what {b} does to the result.",
     "Los ejercicios piden programar {a} sin biblioteca y explicar qué le hace {b} al resultado."),
    ("The second half compares {a} with {b} on the same problem and counts what each of them costs.",
     "La segunda mitad compara {a} con {b} en el mismo problema y cuenta lo que cuesta cada cosa."),
    ("You learn when {a} fails and how one notices it in time.",
     "Se aprende cuándo falla {a} y cómo se nota a tiempo."),
    ("Pictures of {a} make clear what a formula hides.",
     "Unos dibujos de {a} aclaran lo que esconde una fórmula."),
    ("In the end, {a} and {b} are put together into a program that runs on any computer.",
     "Al final se juntan {a} y {b} en un programa que funciona en cualquier ordenador."),
)  # fmt: skip
_DEFINITIONS = (
    ("What one gets from {a} when each part may change by itself.",
     "Lo que resulta de {a} cuando cada parte puede cambiar por sí sola."),
    ("A way to reach the same result with less memory and fewer steps than before.",
     "Una forma de llegar al mismo resultado con menos memoria y menos pasos que antes."),
    ("Its errors grow slowly, so that it is used where data are few and noisy.",
     "Sus errores crecen despacio, así que se usa donde los datos son pocos y tienen ruido."),
    ("It replaces a long calculation by a short one that is right on average.",
     "Sustituye un cálculo largo por otro corto que acierta en promedio."),
)  # fmt: skip
_ADVICE = (
    ("Do the exercise on {a} before you read its solution, and write down what surprised you.",
     "Haz el ejercicio sobre {a} antes de leer la solución y apunta lo que te haya sorprendido."),
    ("Read the paper beside it: what it says about {a} is clearer than the slides.",
     "Lee también el artículo: lo que dice sobre {a} es más claro que las diapositivas."),
)  # fmt: skip
_NOTES = (
    ("The other one goes further with {a} and leaves out the exercises.",
     "La otra llega más lejos con {a} y deja fuera los ejercicios."),
    ("Both explain {a}; the other one is shorter and asks for less mathematics.",
     "Ambas explican {a}; la otra es más corta y pide menos matemáticas."),
)  # fmt: skip
_SURNAMES = (
    "Abad Baker Castro Dahl Evans Ferrer Gupta Haas Ito Jansen Kim Lopez Moreau Nguyen Olsen "
    "Perez Quinn Rossi Sato Torres Ueda Vidal Weber Xu Young Zhou"
)
_LIBRARIES = "numpy pandas torch keras jax scikit-learn"


class _Short(dict[str, Any]):
    """An object that its file writes on one line."""


class _Dumper(yaml.CSafeDumper):
    """Writes short objects on one line, and no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(
    _Short, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)


@dataclass
class _Topic:
    """A topic before it is written; `level` says how far from the basics it stands."""

    id: str
    name: Texts
    area: int
    level: int
    requires: list[str] = field(default_factory=list)


@dataclass
class _Lesson:
    id: str
    title: Texts
    topics: dict[str, str]
    """How far it takes which topic, by the topic's id."""


def size_of(kind: str, lessons: int) -> int:
    """Return how many topics, references, terms or areas a guide of so many lessons has; at least 2."""
    today, exponent = SIZES[kind]
    return max(2, round(today * (lessons / LESSONS) ** exponent))


def write_guide(folder: Path, lessons: int, *, seed: int = 0, year: int) -> None:
    """Write a guide of `lessons` lessons (10 or more) into a new folder.

    `year` is the one in which its facts were checked; later ones find them old. Raises UsableError when the
    folder holds something.
    """
    start_guide(folder, "Big guide", LOCALES, date(year, 1, 1))
    for path in ("topics/basics.yml", "courses/example-course.yml"):
        (folder / FOLDER / path).unlink()
    _Maker(folder, lessons, random.Random(seed), year).write()
    guide, _ = load_guide(folder, date(year, 12, 31))
    write_schemas(folder, guide)


class _Maker:
    """Draws a guide from one source of chance, part by part, and writes each as a file."""

    def __init__(self, folder: Path, lessons: int, chance: random.Random, year: int) -> None:
        self.folder, self.chance, self.year = folder, chance, year
        self.areas = [f"area-{n}" for n in range(1, size_of("areas", lessons) + 1)]
        self.topics = _topics(size_of("topics", lessons), len(self.areas), chance)
        self.topic_by_id = {topic.id: topic for topic in self.topics}
        self.keys = _keys(size_of("references", lessons), chance)
        self.citable = iter(self._endless(self.keys))
        self.terms = chance.sample(self.topics, min(len(self.topics), size_of("terms", lessons)))
        self.courses = self._courses(lessons)

    def _endless(self, keys: Sequence[str]) -> Iterable[str]:
        while True:
            yield from self.chance.sample(keys, len(keys))

    def write(self) -> None:
        """Write all files."""
        self._write("guide", "guide.yml", self._settings())
        for n, area in enumerate(self.areas):
            mine = [self._topic(topic) for topic in self.topics if topic.area == n]
            if mine:
                self._write("topics", f"topics/{area}.yml", mine)
        for course_id, lessons in self.courses.items():
            self._write("course", f"courses/{course_id}.yml", self._course(course_id, lessons))
        self._write("glossary", "glossary.yml", [self._term(topic) for topic in self.terms])
        self._write("libraries", "libraries.yml", {"libraries": [_library(i) for i in _LIBRARIES.split()]})
        self._write("paths", "paths.yml", [self._route(n) for n in range(1, 17)])
        self._write("history", "history.yml", [self._chapter(n) for n in range(1, 8)])
        self._write("quizzes", "quizzes.yml", [self._quiz(n) for n in range(len(self.areas))])
        self._write("chooser", "chooser.yml", [self._question(n) for n in range(1, 9)])
        self._write("changes", "changes.yml", [self._change(n) for n in range(1, 12)])
        entries = "".join(map(self._reference, self.keys))
        write_atomically(self.folder / FOLDER / "references.bib", entries)

    def _write(self, kind: str, place: str, data: Any) -> None:
        text = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1 << 20)
        whole = f"{modeline(kind, PurePath(place))}\n{text}"
        write_atomically(self.folder / FOLDER / place, format_text(whole, kind, place, LOCALES))

    def _text(self, patterns: Sequence[tuple[str, str]], topics: Iterable[str], sentences: int = 1) -> Texts:
        """Return sentences that name some of these topics, in both languages."""
        known = [self.topic_by_id[topic_id].name for topic_id in topics]
        a, b = (self.chance.choice(known) for _ in range(2))
        chosen = self.chance.sample(patterns, sentences)
        return {
            locale: " ".join(pair[n].format(a=a[locale], b=b[locale]) for pair in chosen)
            for n, locale in enumerate(LOCALES)
        }

    def _refs(self, mean: float) -> Data:
        """Return `refs` with so many works on average, or nothing."""
        count = _about(self.chance, mean)
        return {"refs": sorted({next(self.citable) for _ in range(count)})} if count else {}

    # Courses ----------------------------------------------------------------------------------------

    def _courses(self, lessons: int) -> dict[str, list[_Lesson]]:
        """Return the lessons of each course: it goes through its own choice of topics, basics first."""
        count = max(2, round(lessons / LESSONS_OF_COURSE))
        ends = [round(lessons * n / count) for n in range(count + 1)]
        made = {f"course-{n + 1}": self._lessons_of(ends[n + 1] - ends[n]) for n in range(count)}
        taught = {topic for course in made.values() for lesson in course for topic in lesson.topics}
        for topic in self.topics:
            if topic.id not in taught:
                lesson = self.chance.choice(self.chance.choice(list(made.values())))
                lesson.topics[topic.id] = self._depth()
        return made

    def _lessons_of(self, count: int) -> list[_Lesson]:
        areas = set(self.chance.sample(range(len(self.areas)), min(len(self.areas), 7)))
        near = [topic for topic in self.topics if topic.area in areas]
        pool = self.chance.sample(near, min(len(near), self.chance.randint(60, 160)))
        pool.sort(key=lambda topic: topic.level + self.chance.gauss(0, 1.5))
        return [self._lesson(n, count, [topic.id for topic in pool]) for n in range(count)]

    def _lesson(self, number: int, of: int, pool: Sequence[str]) -> _Lesson:
        new = pool[len(pool) * number // of : len(pool) * (number + 1) // of]
        known = pool[: len(pool) * number // of]
        again = self.chance.sample(known, min(len(known), self.chance.randint(1, 4)))
        title = self.topic_by_id[self.chance.choice(new or pool)].name
        titles = {"en": f"Lesson {number + 1}: {title['en']}", "es": f"Lección {number + 1}: {title['es']}"}
        return _Lesson(f"lesson-{number + 1}", titles, {topic: self._depth() for topic in (*new, *again)})

    def _depth(self) -> str:
        return self.chance.choices(DEPTHS, (20, 35, 35, 10))[0]

    def _course(self, course_id: str, lessons: Sequence[_Lesson]) -> Data:
        number = int(course_id.rpartition("-")[2])
        topics = list(lessons[0].topics)
        is_old = number % 5 == 0 and number > 1
        start = f"course-{number - 1}"
        name = self.topic_by_id[topics[0]].name
        cut = range(0, len(lessons), 6)
        return {
            "id": course_id,
            "kind": "book" if number % 4 == 0 else "mooc",
            "title": {"en": f"Course {number}: {name['en']}", "es": f"Curso {number}: {name['es']}"},
            "short_title": {"en": f"Course {number}", "es": f"Curso {number}"},
            "provider": f"Provider {number % 9}",
            "instructors": [f"{name[0]}. {name}" for name in self.chance.sample(_SURNAMES.split(), 2)],
            "year": self.year - self.chance.randint(0, 9),
            "language": self.chance.choice(["en", "en", "en", "es"]),
            "url": f"https://example.org/{course_id}",
            "status": "superseded" if is_old else "current",
            **({"superseded_by": start} if is_old else {}),
            "effort": _Short(weeks=self.chance.randint(4, 16)),
            "price": _Short(free=True) if number % 3 else _Short(free=False, amount=49, currency="EUR"),
            "certificate": self.chance.choice(["none", "free", "paid"]),
            "approach": self.chance.choice(["top-down", "bottom-up", "mixed"]),
            "emphasis": self.chance.choice(["theory", "practice", "balanced"]),
            "libraries": self.chance.sample(_LIBRARIES.split(), 2),
            "summary": self._text(_SENTENCES, topics, 4),
            "audience": self._text(_ADVICE, topics),
            "prerequisites": [{"topic": topics[0]}],
            **self._refs(1),
            "facts": [self._fact(about) for about in ("price", "effort", "certificate", "content", "status")],
            "units": [self._unit(n, lessons[at : at + 6]) for n, at in enumerate(cut, 1)],
        }

    def _fact(self, about: str) -> Data:
        source = {"en": "The provider's page", "es": "La página del proveedor"}
        return {"about": [about], "source": source, "checked": f"{self.year}-01"}

    def _unit(self, number: int, lessons: Sequence[_Lesson]) -> Data:
        return {
            "id": f"part-{number}",
            "title": {"en": f"Part {number}", "es": f"Parte {number}"},
            "summary": self._text(_SENTENCES, lessons[0].topics, 2),
            "lessons": [self._written(lesson) for lesson in lessons],
        }

    def _written(self, lesson: _Lesson) -> Data:
        topics = list(lesson.topics)
        low = self.chance.choice([1, 1.5, 2, 3, 4, 6])
        advice = [
            {"text": self._text(_ADVICE, topics), **self._refs(1.2)} for _ in range(_about(self.chance, 0.8))
        ]
        compared = {self._other(): self._text(_NOTES, topics) for _ in range(_about(self.chance, 1.5))}
        return {
            "id": lesson.id,
            "title": lesson.title,
            "hours": _Short(low=low, high=low * 1.5, kind="derived"),
            "summary": self._text(_SENTENCES, topics, 3),
            "topics": [_Short(id=topic, depth=depth) for topic, depth in lesson.topics.items()],
            **({"advice": advice} if advice else {}),
            **(
                {"compare": [{"with": other, "note": note} for other, note in compared.items()]}
                if compared
                else {}
            ),
        }

    def _other(self) -> str:
        course_id = self.chance.choice(list(self.courses))
        return f"{course_id}/{self.chance.choice(self.courses[course_id]).id}"

    # Topics and what stands beside them -------------------------------------------------------------

    def _settings(self) -> Data:
        title = {"en": "A big guide", "es": "Una guía grande"}
        areas = [
            {"id": area, "name": {"en": f"Area {n}", "es": f"Área {n}"}}
            for n, area in enumerate(self.areas, 1)
        ]
        return {"title": title, "description": title, "locales": list(LOCALES), "areas": areas}

    def _topic(self, topic: _Topic) -> Data:
        needed = {"requires": topic.requires} if topic.requires else {}
        definition = self._text(_DEFINITIONS, topic.requires or [topic.id], 2)
        head = {"id": topic.id, "name": topic.name, "area": self.areas[topic.area], "definition": definition}
        return {**head, **needed, **self._refs(0.8)}

    def _term(self, topic: _Topic) -> Data:
        definition = self._text(_DEFINITIONS, topic.requires or [topic.id], 2)
        return {"id": topic.id, "term": topic.name, "definition": definition, "topic": topic.id}

    def _route(self, number: int) -> Data:
        steps = [{"part": self._other(), "why": self._text(_NOTES, [self.topics[0].id])} for _ in range(3)]
        text = self._text(_SENTENCES, [topic.id for topic in self.topics[:20]], 2)
        name = {"en": f"Route {number}", "es": f"Ruta {number}"}
        return {"id": f"route-{number}", "name": name, "summary": text, "for_whom": text, "steps": steps}

    def _chapter(self, number: int) -> Data:
        some = [topic.id for topic in self.chance.sample(self.topics, 10)]
        events = [
            {
                "id": f"event-{number}-{n}",
                "year": 1950 + 5 * n,
                "title": self._text(_NOTES, some),
                "text": self._text(_SENTENCES, some, 2),
                "topics": some[:2],
                **self._refs(1),
            }
            for n in range(14)
        ]
        title = {"en": f"Chapter {number}", "es": f"Capítulo {number}"}
        return {
            "id": f"chapter-{number}",
            "title": title,
            "summary": self._text(_SENTENCES, some, 4),
            "events": events,
        }

    def _quiz(self, area: int) -> Data:
        mine = [topic.id for topic in self.topics if topic.area == area] or [self.topics[0].id]
        questions = [
            {
                "id": f"question-{area + 1}-{n}",
                "text": self._text(_NOTES, mine),
                "topics": [self.chance.choice(mine)],
                "answers": [self._choice(mine, right=right) for right in (False, True, False)],
            }
            for n in range(1, 5)
        ]
        return {"area": self.areas[area], "questions": questions}

    def _choice(self, topics: Sequence[str], *, right: bool) -> Data:
        mark = {"right": True} if right else {}
        return {"text": self._text(_NOTES, topics), **mark, "because": self._text(_DEFINITIONS, topics)}

    def _question(self, number: int) -> Data:
        topics = [topic.id for topic in self.chance.sample(self.topics, 3)]
        answers = [
            {
                "id": f"answer-{n}",
                "text": self._text(_NOTES, topics),
                "effects": [
                    {"courses": {"teaches": [topic]}, "points": n + 1, "because": self._text(_NOTES, [topic])}
                ],
            }
            for n, topic in enumerate(topics)
        ]
        return {"id": f"question-{number}", "text": self._text(_NOTES, topics), "answers": answers}

    def _change(self, number: int) -> Data:
        title = {"en": f"Change {number}", "es": f"Cambio {number}"}
        courses = self.chance.sample(list(self.courses), 2)
        day = f"{self.year}-01-{28 - number:02}"
        return {"id": f"change-{number}", "date": day, "kind": "new", "title": title, "courses": courses}

    def _reference(self, key: str) -> str:
        """Return a preprint as BibTeX in one line; short, for the file's size is limited."""
        surname, year = key.split("-")[:2]
        title = self.chance.choice(self.topics).name["en"]
        return f"@misc{{{key}, author={{{surname.title()}, A.}}, title={{On {title}}}, year={{{year}}}}}\n"


def _topics(count: int, areas: int, chance: random.Random) -> list[_Topic]:
    """Return topics with distinct names, those of an area from the basics up, and what they require."""
    names = chance.sample([(kind, thing) for kind in _pairs(_KINDS) for thing in _pairs(_THINGS)], count)
    topics = [
        _Topic(
            f"{kind[0]}-{thing[0]}",
            {"en": f"{kind[0]} {thing[0]}", "es": f"{thing[1]} {kind[1]}"},
            chance.randrange(areas),
            chance.randrange(LEVELS),
        )
        for kind, thing in names
    ]
    topics.sort(key=lambda topic: (topic.area, topic.level))
    by_level: dict[int, list[_Topic]] = {level: [] for level in range(LEVELS)}
    for topic in topics:
        by_level[topic.level].append(topic)
    for topic in topics:
        level = topic.level
        below = by_level[chance.randrange(max(0, level - 3), level)] if level else []
        topic.requires = _required(topic, below, chance)
    return topics


def _required(topic: _Topic, below: Sequence[_Topic], chance: random.Random) -> list[str]:
    """Return 1.5 topics on average of those nearer to the basics, most of them of the same area."""
    near = [other for other in below if other.area == topic.area]
    found: dict[str, None] = {}
    for _ in range(chance.choice([0, 1, 1, 2, 2, 3, 4]) if below else 0):
        found[chance.choice(near if near and chance.random() < 0.7 else below).id] = None
    return list(found)


def _keys(count: int, chance: random.Random) -> list[str]:
    """Return distinct keys of references: surname, year, letters where needed."""
    seen: Counter[str] = Counter()
    keys = []
    for _ in range(count):
        base = f"{chance.choice(_SURNAMES.split()).lower()}-{chance.randint(1990, 2020)}"
        seen[base] += 1
        keys.append(base if seen[base] == 1 else f"{base}-{seen[base]}")
    return sorted(keys)


def _library(library_id: str) -> Data:
    summary = {"en": "A library that courses use.", "es": "Una biblioteca que usan los cursos."}
    return {"id": library_id, "name": library_id, "summary": summary}


def _pairs(words: str) -> list[tuple[str, str]]:
    """Return lines of "english spanish|english spanish" as pairs."""
    pairs = (pair.split() for line in words.splitlines() for pair in line.split("|"))
    return [(english, spanish) for english, spanish in pairs]


def _about(chance: random.Random, mean: float) -> int:
    """Return a small number: 0 to three times the mean, which it has on average."""
    return sum(chance.random() < mean / 3 for _ in range(3))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lessons", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--year", type=int, default=date.today().year)
    options = parser.parse_args()
    write_guide(options.out, options.lessons, seed=options.seed, year=options.year)


if __name__ == "__main__":
    main()
