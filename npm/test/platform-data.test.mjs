// The platform's modules for data, which networking code uses, as its documentation has them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SHOW, printedValues, runArkTs } from './support.mjs';

describe('@ohos.util', () => {
  const IMPORTS = `
    import { util } from '@kit.ArkTS';
    import same from '@ohos.util';
    import { BusinessError } from '@kit.BasicServicesKit';
    ${SHOW}
  `;

  it('encodes and decodes text', async () => {
    const lines = await printedValues(`${IMPORTS}
      const bytes = (array: Uint8Array) => [...array];
      const encoder = new util.TextEncoder();
      show(util === same, encoder.encoding, bytes(encoder.encodeInto('¥')),
        bytes(encoder.encode()));
      const four = new Uint8Array(4);
      show(encoder.encodeIntoUint8Array('abcdef', four), bytes(four));
      show(bytes(util.TextEncoder.create('utf-16be').encodeInto('aé')),
        bytes(new util.TextEncoder('iso-8859-1').encodeInto('é')));
      show(encoder.encodeInto('ab').buffer.byteLength,
        util.TextEncoder.create('utf-16le').encodeInto('ab').buffer.byteLength);
      show(bytes(encoder.encodeInto('\\uD800¥¥')),
        encoder.encodeIntoUint8Array('a\\uD800', four), bytes(four));
      const written = (encoding: string, text: string) => {
        const encoder = new util.TextEncoder(encoding);
        const back = util.TextDecoder.create(encoding).decodeToString(encoder.encodeInto(text));
        show(encoder.encoding, bytes(encoder.encodeInto(text)), back);
      };
      written('GBK', 'a你好€');
      written('gb2312', '你');
      written('windows-1251', 'Ж☺');
      show(failure(() => new util.TextEncoder('iso-2022-jp')),
        failure(() => encoder.encodeInto(1)));

      const marked = new Uint8Array([0xEF, 0xBB, 0xBF, 0x61]);
      const decoder = util.TextDecoder.create('utf-8', { ignoreBOM: true });
      show(decoder.decodeToString(marked), new util.TextDecoder().decodeToString(marked),
        decoder.encoding);
      show(decoder.decode(marked), new util.TextDecoder().decodeWithStream(marked));
      const first = decoder.decodeToString(new Uint8Array([0xE2, 0x82]), { stream: true });
      show(first, decoder.decodeToString(new Uint8Array([0xAC])));
      show(util.TextDecoder.create('gbk').decodeToString(new Uint8Array([0xC4, 0xE3])));
      const strict = util.TextDecoder.create('utf-8', { fatal: true });
      show(failure(() => strict.decodeToString(new Uint8Array([0xff]))),
        strict.decodeToString(new Uint8Array([0x61])));
      show(failure(() => util.TextDecoder.create('no encoding')), failure(() =>
        decoder.decodeToString('text')));
    `);
    assert.deepEqual(lines, [
      [true, 'utf-8', [194, 165], []],
      [{ read: 4, written: 4 }, [97, 98, 99, 100]],
      [[0, 97, 0, 233], [233]],
      [2, 4],
      [[237, 160, 128, 194, 165, 194, 165], { read: 2, written: 4 }, [97, 237, 160, 128]],
      ['GBK', [97, 196, 227, 186, 195, 128], 'a你好€'],
      ['gb2312', [196, 227], '你'],
      ['windows-1251', [198, 63], 'Ж?'],
      [
        [401, true],
        [401, true],
      ],
      ['a', '\ufeffa', 'utf-8'],
      ['\ufeffa', 'a'],
      ['', '€'],
      ['你'],
      [[401, true], 'a'],
      [
        [401, true],
        [401, true],
      ],
    ]);
  });

  it('encodes and decodes Base64', async () => {
    const lines = await printedValues(`${IMPORTS}
      const base64 = new util.Base64Helper();
      const bytes = new Uint8Array([115, 49, 51, 255]);
      const long = new Uint8Array(60);
      show(base64.encodeToStringSync(bytes), base64.encodeToStringSync(bytes,
        util.Type.BASIC_URL_SAFE));
      show([...base64.encodeSync(new Uint8Array([115, 49, 51]))],
        await base64.encodeToString(bytes));
      show(base64.encodeToStringSync(long, util.Type.MIME).split('\\r\\n').map((line: string) =>
        line.length));
      show([...base64.decodeSync('czEz/w==')], [...base64.decodeSync('czEz_w',
        util.Type.BASIC_URL_SAFE)]);
      show((await base64.decode(base64.encodeToStringSync(long, 1), util.Type.MIME)).length);
      show([...await base64.decode(await base64.encode(bytes))],
        base64.decodeSync('YWI=').buffer.byteLength);
      show(failure(() => base64.decodeSync('not base64!')), failure(() =>
        base64.decodeSync('YW\\r\\nI=')));
      show(failure(() => base64.encodeSync('text')), failure(() => base64.encodeToStringSync(bytes,
        4)));
      show(await base64.encode('text').catch((error: BusinessError) => error.code));
    `);
    assert.deepEqual(lines, [
      ['czEz/w==', 'czEz_w'],
      [[99, 122, 69, 122], 'czEz/w=='],
      [[76, 4, 0]],
      [
        [115, 49, 51, 255],
        [115, 49, 51, 255],
      ],
      [60],
      [[115, 49, 51, 255], 2],
      [
        [401, true],
        [401, true],
      ],
      [
        [401, true],
        [401, true],
      ],
      [401],
    ]);
  });

  it('makes UUIDs, formats, and wraps callbacks', async () => {
    const lines = await printedValues(`${IMPORTS}
      const uuid = util.generateRandomUUID();
      show(uuid !== util.generateRandomUUID(false), util.generateRandomBinaryUUID().length,
        uuid.length);
      show([...util.parseUUID('84bdf796-66cc-4655-9b89-d6218d100f9c')].slice(0, 4), failure(() =>
        util.parseUUID('84')));
      show(util.format('%s is %d%% of %j', 'John', 80, { a: 1 }), util.errnoToString(-2));
      const types = new util.types();
      show(types.isUint8Array(new Uint8Array(1)), types.isMap({}),
        new util.Base64().encodeToStringSync(new Uint8Array(1)));
      const answer = util.promisify(util.callbackWrapper(async (): Promise<string> => 'hello'));
      show(await answer());
    `);
    assert.deepEqual(lines, [
      [true, 16, 36],
      [
        [132, 189, 247, 150],
        [10200002, true],
      ],
      ['John is 80% of {"a":1}', 'no such file or directory'],
      [true, false, 'AA=='],
      ['hello'],
    ]);
  });
});

describe('@ohos.util.json', () => {
  it('parses and writes JSON with integers of any size', async () => {
    const { lines, stderr } = await runArkTs({
      'main.ets': `
      import { JSON } from '@kit.ArkTS';
      import same from '@ohos.util.json';
      import { BusinessError } from '@kit.BasicServicesKit';
      const text = \`{
        "number": 10, "large": 112233445566778899, "text": "112233445566778899", "half": 1.5e3
      }\`;
      const options: JSON.ParseOptions = { bigIntMode: JSON.BigIntMode.PARSE_AS_BIGINT };
      const parsed = JSON.parse(text, null, options) as Object;
      console.log(same === JSON, parsed.large, JSON.stringify(parsed));
      const always = JSON.BigIntMode.ALWAYS_PARSE_AS_BIGINT;
      console.log(JSON.parse('[1, 1.5]', null, { bigIntMode: always }));
      const older = (key: string, value: Object) => key === 'age' ? 31 : value;
      console.log(JSON.parse('{"age": 30}', older));
      console.log(JSON.stringify({ a: 1n, b: [2, { a: 3, c: 4 }] }, ['a', 'b']));
      const other = (key: string, value: Object) => key === 'a' ? 'y' : value;
      console.log(JSON.stringify({ a: 'x' }, other, 1));
      JSON.remove(parsed, 'large');
      console.log(JSON.has(parsed, 'large'), JSON.has(parsed, 'half'));
      for (const run of [() => JSON.parse('{'), () => JSON.parse(1), () => JSON.has(1, 'a')]) {
        try {
          run();
        } catch (error) {
          console.log(error.code, error instanceof BusinessError);
        }
      }
    `,
    });
    assert.deepEqual(
      lines.join(' '),
      'true 112233445566778899n ' +
        '{"number":10,"large":112233445566778899,"text":"112233445566778899","half":1500} ' +
        '[ 1n, 1.5 ] { age: 31 } {"a":1,"b":[2,{"a":3}]} {  "a": "y" } false true ' +
        '401 true 401 true 401 true',
      stderr,
    );
  });
});

describe('@ohos.url', () => {
  it('parses URLs, with their parameters', async () => {
    const lines = await printedValues(`
      import { url } from '@kit.ArkTS';
      import same from '@ohos.url';
      import { BusinessError } from '@kit.BasicServicesKit';
      ${SHOW}
      const address = url.URL.parseURL('/chat?room=1', 'wss://host:8443');
      address.params.append('user', 'a b');
      show(same === url, address.toString(), address.port, address.params.get('room'));
      show(address.params instanceof url.URLParams, new url.URLParams({ a: '1' }).toString());
      show(failure(() => url.URL.parseURL('no url')), failure(() => url.URL.parseURL(1)),
        failure(() => new url.URLParams([['one']])));
    `);
    assert.deepEqual(lines, [
      [true, 'wss://host:8443/chat?room=1&user=a+b', '8443', '1'],
      [true, 'a=1'],
      [
        [10200002, true],
        [401, true],
        [401, true],
      ],
    ]);
  });
});

describe('@ohos.buffer', () => {
  it('makes buffers whose memory is their own', async () => {
    const lines = await printedValues(`
      import { buffer } from '@kit.ArkTS';
      import same from '@ohos.buffer';
      import { BusinessError } from '@kit.BasicServicesKit';
      ${SHOW}
      const text = buffer.from('¥');
      show(same === buffer, text.buffer.byteLength, text.toString('hex'), text.byteOffset);
      show(buffer.from('aGk=', 'base64').toString(), buffer.from([1, 2]).buffer.byteLength,
        buffer.from(new String('hi')).toString());
      show(buffer.concat([text, buffer.from('!')]).buffer.byteLength, buffer.concat([text],
        1).length);
      const shared = new ArrayBuffer(4);
      buffer.from(shared, 1, 2).fill(7);
      show([...new Uint8Array(shared)], buffer.alloc(3, 'a').toString(),
        buffer.allocUninitializedFromPool(3).buffer.byteLength);
      show(buffer.byteLength('¥'), buffer.compare(text, buffer.from('a')), buffer.isBuffer(text),
        buffer.isBuffer(new Uint8Array(1)));
      show(buffer.isEncoding('utf-8'), buffer.isEncoding('utf/8'),
        buffer.transcode(buffer.from('€'), 'utf-8', 'ascii').toString());
      show(await new buffer.Blob(['a', 'b']).text());
    `);
    assert.deepEqual(lines, [
      [true, 2, 'c2a5', 0],
      ['hi', 2, 'hi'],
      [3, 1],
      [[0, 7, 7, 0], 'aaa', 3],
      [2, 1, true, false],
      [true, false, '?'],
      ['ab'],
    ]);
  });

  it('throws BusinessErrors, also in the methods of a buffer and of its parts', async () => {
    const lines = await printedValues(`
      import { buffer } from '@kit.ArkTS';
      import { BusinessError } from '@kit.BasicServicesKit';
      ${SHOW}
      const shared = new ArrayBuffer(4);
      const four = buffer.alloc(4);
      const part = four.subarray(1);
      for (const run of [
        () => buffer.alloc('1'),
        () => buffer.from(1),
        () => buffer.from('a', 'no encoding'),
        () => part.equals('text'),
        () => part.writeInt8('1'),
        () => buffer.alloc(-1),
        () => buffer.concat([four], -1),
        () => buffer.from(shared, 9),
        () => buffer.from(shared, -1),
        () => buffer.from(shared, 0, -1),
        () => four.readInt32LE(1),
        () => part.writeInt8(999, 0),
        () => part.fill('a', -1),
      ]) show(failure(run));
      show(part.length, buffer.isBuffer(part), part instanceof Uint8Array);
      show(buffer.concat([four], 0).length);
    `);
    assert.deepEqual(lines, [
      ...Array(6).fill([[401, true]]),
      ...Array(7).fill([[10200001, true]]),
      [3, true, true],
      [4],
    ]);
  });
});
