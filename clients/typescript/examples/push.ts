import { DeliveryAck, ProblemError, type PushData, type PushInbox, type RepdeskClient } from '@repdesk/client';

/** What a service worker does with the data of a push. `keep` stores a text until the worker runs again, `forget` the token no more. */
export async function onPush(
  data: PushData,
  inbox: PushInbox,
  client: RepdeskClient,
  notifications: ServiceWorkerRegistration,
  keep: (text: string) => Promise<void>,
  forget: () => Promise<void>,
) {
  const todo = inbox.receive(data);
  await keep(inbox.save());
  if (todo.action === 'show' || todo.action === 'replace') {
    const { title, ...options } = todo.notification;
    await notifications.showNotification(title, options);
  } else if (todo.action === 'cancel') {
    const showing = await notifications.getNotifications({ tag: todo.notification.tag });
    showing.forEach((notification) => notification.close());
  } else if (todo.action === 'check_log_in') {
    await client.getMe().catch((error: unknown) => (error instanceof ProblemError && error.problem.status === 401 ? forget() : undefined));
  }
  if (todo.ack !== undefined) {
    await client.ackDelivery({ path: { delivery_id: todo.ack }, body: { state: DeliveryAck.received } });
  }
}
