// The stream of changes: it heals by itself, and says when it is lost and back.

const LONGEST_PAUSE_MS = 15_000;

/**
 * @param {object} on
 * @param {(news: any) => void} on.change one alarm has changed: the change, and the alarm as it is now
 * @param {() => void} on.reload the list has to be read again: after a loss, or when too much was missed
 * @param {(since: Date) => void} on.lost nothing comes any more
 */
export function follow({ change, reload, lost }) {
  let pause = 1000;
  /** @type {Date | null} */
  let since = null;
  let last = "";

  function open() {
    const source = new EventSource(last ? `/alarms/stream?after=${last}` : "/alarms/stream");
    const remember = (event) => {
      last = event.lastEventId || last;
    };
    source.addEventListener("ready", (event) => {
      remember(event);
      pause = 1000;
      since = null;
      reload();
    });
    source.addEventListener("resync", (event) => {
      remember(event);
      reload();
    });
    source.addEventListener("change", (event) => {
      remember(event);
      change(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      since ??= new Date();
      lost(since);
      source.close();
      setTimeout(open, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    });
  }
  open();
}
