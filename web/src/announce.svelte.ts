/** One polite live region for the whole page: what changed, said once. */

class Announcer {
  text = $state('');

  say(text: string): void {
    if (text !== this.text) this.text = text;
  }
}

export const announcer = new Announcer();
