// The demonstration's mailbox: shows the messages that the platform would have sent.

const list = document.getElementById("messages");
const empty = document.getElementById("empty");
const template = document.getElementById("message");
const hour = new Intl.DateTimeFormat("fr-FR", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shown = new Set();

// A phone reaches the platform under another address than the desk: links stay on the one this page came from.
function here(link) {
  const target = new URL(link, location.href);
  return location.origin + target.pathname + target.hash;
}

function entry(message) {
  const item = template.content.cloneNode(true);
  const link = item.querySelector("a");
  item.querySelector("h2").textContent = message.subject || "SMS";
  item.querySelector(".to").textContent = `À ${message.to}, ${hour.format(message.sent_at)}`;
  item.querySelector(".text").textContent = message.text;
  if (message.link) link.href = here(message.link);
  else link.remove();
  return item;
}

async function refresh() {
  const answer = await fetch("/api/mailbox", { headers: { "x-colloque": "1" } });
  if (!answer.ok) return;
  const messages = await answer.json();
  empty.hidden = messages.length > 0;
  for (const message of messages.toReversed()) {
    if (shown.has(message.id)) continue;
    shown.add(message.id);
    list.prepend(entry(message));
  }
}

// A moment without the platform is no reason to stop looking.
const look = () => refresh().catch(() => {});
look();
setInterval(look, 2000);
