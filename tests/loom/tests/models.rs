//! Runs each model of the library.

macro_rules! models {
    ($($model:ident)*) => { $(
        #[test]
        fn $model() {
            arkws_loom::$model();
        }
    )* };
}

models! {
    sends_leave_whoever_writes_them
    a_send_wakes_the_task
    a_transport_that_was_full_goes_on
    a_close_goes_behind_what_was_sent
    no_message_goes_unanswered
    a_program_that_has_caught_up_is_read_for
    a_close_before_the_connection_is_seen
    no_event_is_left_in_the_queue
    no_event_is_left_in_a_queue_that_was_silent
    nobody_wakes_an_environment_that_is_gone
    a_failure_that_is_not_known_is_seen_by_who_sends
}
