// Expands iCalendar streams as ical.js does (which Thunderbird and Nextcloud read calendars with): reads a JSON list of
// streams, writes for each a list of [start, end, location], times in UTC.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const ICAL = (await import(pathToFileURL(process.argv[2]).href)).default;

function expand(stream) {
  const calendar = new ICAL.Component(ICAL.parse(stream));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  const events = calendar.getAllSubcomponents("vevent").map((event) => new ICAL.Event(event));
  const exceptions = events.filter((event) => event.isRecurrenceException());
  const shown = [];
  for (const event of events.filter((one) => !one.isRecurrenceException())) {
    exceptions.forEach((exception) => event.relateException(exception));
    if (!event.isRecurring()) shown.push([event.startDate, event.endDate, event.location]);
    else {
      const times = event.iterator();
      for (let at = times.next(); at; at = times.next()) {
        const found = event.getOccurrenceDetails(at);
        shown.push([found.startDate, found.endDate, found.item.location]);
      }
    }
  }
  ICAL.TimezoneService.reset();
  return shown.map(([start, end, place]) => [start.toJSDate().toISOString(), end.toJSDate().toISOString(), place]);
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(expand)));
