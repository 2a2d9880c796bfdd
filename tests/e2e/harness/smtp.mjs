// A real SMTP server that keeps what it receives.

import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { until } from './wait.mjs';

export class Post {
  static async open() {
    const post = new Post();
    post.messages = [];
    post.server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData(stream, session, done) {
        const chunks = [];
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('end', async () => {
          const raw = Buffer.concat(chunks);
          const mail = await PostalMime.parse(raw);
          const to = session.envelope.rcptTo.map((recipient) => recipient.address);
          post.messages.push({ to, subject: mail.subject ?? '', text: mail.text ?? '', html: mail.html ?? '', raw: raw.toString() });
          done();
        });
      },
    });
    await new Promise((resolve) => post.server.listen(0, '127.0.0.1', resolve));
    post.port = post.server.server.address().port;
    return post;
  }

  /** Everything for one address, oldest first. */
  to(address) {
    return this.messages.filter((message) => message.to.includes(address));
  }

  close() {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** The link of the newest message that has one, from any source of `{text}` messages, oldest first. */
export async function newestLink(list) {
  return until('a message with a link', async () => {
    for (const message of (await list()).toReversed()) {
      const link = /https:\/\/\S+#\S+/.exec(message.text);
      if (link) return link[0].replace(/[>)\].,]+$/, '');
    }
    return null;
  });
}

/** The six digits of the newest message that has a code, past the first `seen` messages. */
export async function newestCode(list, seen = 0) {
  return until('a message with a code', async () => {
    for (const message of (await list()).slice(seen).toReversed()) {
      const code = /(?<![\d+])(\d{3})[\s\u00a0\u202f]?(\d{3})(?!\d)/.exec(message.text.replace(/https?:\S+/g, '').replace(/(?:\d{2}[\s.\u00a0]){4}\d{2}/g, ''));
      if (code) return code[1] + code[2];
    }
    return null;
  });
}
