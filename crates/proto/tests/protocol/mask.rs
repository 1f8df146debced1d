//! Masking, against the plain way of doing it.
use arkws_proto::mask;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn masking_is_xor_with_the_repeated_key(
        payload in vec(any::<u8>(), 0..300),
        start in 0..40_usize,
        offset in 0..10_usize,
        key in any::<[u8; 4]>(),
    ) {
        let start = start.min(payload.len());
        let masked = |offset: usize| -> Vec<u8> {
            let bytes = payload[start..].iter().enumerate();
            bytes.map(|(i, byte)| byte ^ key[(offset + i) % 4]).collect()
        };

        let mut in_place = payload.clone();
        mask::apply(&mut in_place[start..], key, offset);
        prop_assert_eq!(&in_place[..start], &payload[..start]);
        prop_assert_eq!(&in_place[start..], masked(offset));

        let mut copy = vec![0; payload.len() - start];
        mask::copy(&mut copy, &payload[start..], key);
        prop_assert_eq!(copy, masked(0));
    }
}
