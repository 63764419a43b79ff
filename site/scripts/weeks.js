// Spreads a plan over weeks and writes them as a calendar, byte for byte as src/moocmap/curriculum/weeks.py does.

const DAY = 86400000;
const LAST_DAY = Date.UTC(9999, 11, 31);
const LINE = 75; // bytes; RFC 5545 folds longer lines
const URL_NAMESPACE = "6ba7b8119dad11d180b400c04fd430c8";

/** Return hours a week in whole minutes, rounded half up; at least one minute. */
export function weeklyMinutes(hours) {
  return Math.max(1, Math.floor(hours * 60 + 0.5));
}

/** Fill one week after the other; a lesson may go on in the next. Weeks are lists of `{step, minutes}`. */
export function weeksOf(steps, perWeek) {
  const filled = [];
  let room = 0;
  for (const step of steps) {
    let left = step.lesson.minutes;
    do {
      if (!room) {
        filled.push([]);
        room = perWeek;
      }
      const minutes = Math.min(left, room);
      filled.at(-1).push({step, minutes});
      left -= minutes;
      room -= minutes;
    } while (left);
  }
  return filled;
}

/** Return the first day of a week (from 0) of a plan that starts on `start`, "2026-11-21"; null after 9999. */
export function dayOf(start, week) {
  const day = Date.parse(start) + 7 * DAY * week;
  return day <= LAST_DAY ? new Date(day) : null;
}

/** Return an iCalendar file with one event for each week; null where the weeks leave the calendar. */
export function calendar(goalIds, filled, start) {
  const name = goalIds.join(", ");
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//moocmap//study plan//EN", `X-WR-CALNAME:${name}`];
  for (const [week, portions] of filled.entries()) {
    const [first, after] = [dayOf(start, week), dayOf(start, week + 1)];
    if (!after) return null;
    lines.push(
      "BEGIN:VEVENT",
      `SUMMARY:${escaped(portions.map(({step}) => titleOf(step.lesson)).join("; "))}`,
      `DTSTART;VALUE=DATE:${digits(first)}`,
      `DTEND;VALUE=DATE:${digits(after)}`,
      `DTSTAMP:${digits(dayOf(start, 0))}T000000Z`, // the same plan gives the same file
      `UID:${uuid5(`moocmap ${name} ${week}`)}`,
      `DESCRIPTION:${escaped(portions.map(lineOf).join("\n"))}`,
      "TRANSP:TRANSPARENT",
      "END:VEVENT",
    );
  }
  return [...lines, "END:VCALENDAR", ""].map(folded).join("\r\n");
}

const titleOf = (lesson) => `${lesson.course.name}: ${lesson.title}`;
const lineOf = ({step: {lesson}, minutes}) => (
  `${titleOf(lesson)} (${minutes} of ${lesson.minutes} min) ${lesson.url}`);
const digits = (day) => day.toISOString().slice(0, 10).replaceAll("-", "");

function escaped(text) {
  return text.replaceAll("\\N", "\n").replace(/[\\;,]/g, "\\$&").replace(/\r\n|\n|\r/g, "\\n");
}

/** Break a line that is too long, but no character and no escaped one. */
function folded(line) {
  const parts = [];
  let [part, size] = [[], 0];
  for (const char of line) {
    const bytes = new TextEncoder().encode(char).length;
    if (part.length && size + bytes >= LINE) {
      const kept = part.length > 1 && "\\^".includes(part.at(-1)) ? [part.pop()] : [];
      parts.push(part.join(""));
      [part, size] = [kept, kept.length];
    }
    part.push(char);
    size += bytes;
  }
  return [...parts, part.join("")].join("\r\n ");
}

/** Return the name-based identifier (RFC 9562, version 5) of a text. */
function uuid5(name) {
  const namespace = URL_NAMESPACE.match(/../g).map((pair) => parseInt(pair, 16));
  const bytes = sha1([...namespace, ...new TextEncoder().encode(name)]).slice(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** SHA-1 (FIPS 180-4): the browser's own is not there for pages without a secure connection. */
function sha1(bytes) {
  const padded = [...bytes, 0x80];
  while (padded.length % 64 !== 56) padded.push(0);
  const view = new DataView(new ArrayBuffer(padded.length + 8));
  padded.forEach((byte, place) => view.setUint8(place, byte));
  view.setUint32(padded.length + 4, bytes.length * 8);
  const turned = (word, by) => (word << by) | (word >>> (32 - by));
  const hash = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let start = 0; start < view.byteLength; start += 64) {
    const words = Array.from({length: 16}, (_, place) => view.getUint32(start + 4 * place));
    while (words.length < 80) words.push(turned(words.at(-3) ^ words.at(-8) ^ words.at(-14) ^ words.at(-16), 1));
    let [a, b, c, d, e] = hash;
    words.forEach((word, round) => {
      const [mixed, constant] = [
        [(b & c) | (~b & d), 0x5a827999],
        [b ^ c ^ d, 0x6ed9eba1],
        [(b & c) | (b & d) | (c & d), 0x8f1bbcdc],
        [b ^ c ^ d, 0xca62c1d6],
      ][Math.floor(round / 20)];
      [a, b, c, d, e] = [(turned(a, 5) + mixed + e + constant + word) | 0, a, turned(b, 30), c, d];
    });
    [a, b, c, d, e].forEach((word, place) => { hash[place] = (hash[place] + word) | 0; });
  }
  return hash.flatMap((word) => [24, 16, 8, 0].map((by) => (word >>> by) & 0xff));
}
