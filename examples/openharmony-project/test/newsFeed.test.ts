// The whole feed, with a server, and a network that goes and comes back.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emitter } from '@kit.BasicServicesKit';
import arkws from 'arkws';
import { network } from 'arkws/testing';
import { NewsModel } from '../entry/src/main/ets/model/News';
import { NEWS_EVENT, NewsFeed } from '../entry/src/main/ets/network/NewsFeed';

let server: arkws.WebSocketServer;
let model: NewsModel;
let feed: NewsFeed;

beforeEach(async () => {
  server = arkws.createWebSocketServer();
  await server.start({ serverIP: '127.0.0.1', serverPort: 0 });
  model = new NewsModel();
  feed = new NewsFeed(`ws://127.0.0.1:${server.listAddress().port}`, model);
});

afterEach(async () => {
  // Waits for the client to close too.
  await server.stop({ timeout: 1000 });
  feed.stop();
});

/** The next client that connects. */
const client = () =>
  new Promise<arkws.WebSocketConnection>((resolve) => server.on('connect', resolve));

const headline = () =>
  new Promise((resolve) => {
    emitter.once(NEWS_EVENT, ({ data }) => resolve(data?.headline));
  });

it('tells the app of news', async () => {
  const connecting = client();
  feed.start();
  const connection = await connecting;
  const told = headline();
  await server.send('{ "headline": "arkws runs off the device" }', connection);
  expect(await told).toBe('arkws runs off the device');
  expect(model.isOnline).toBe(true);
});

it('connects again when the network is back', async () => {
  const first = client();
  feed.start();
  // Once it has news it is open: an attempt that is cancelled would only look like a lost client.
  const online = headline();
  await server.send('{ "headline": "hello" }', await first);
  await online;

  const gone = new Promise((resolve) => server.on('close', resolve));
  network.lose();
  await gone;
  expect(model.isOnline).toBe(false);

  const second = client();
  network.restore();
  const told = headline();
  await server.send('{ "headline": "back" }', await second);
  expect(await told).toBe('back');
});
