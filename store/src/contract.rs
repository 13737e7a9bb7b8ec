//! The stories every engine must pass, with a clock that moves only by hand. An engine is done when its line
//! at the end of this file passes.

mod abuse;
mod access;
mod audit;
mod blob_keys;
mod credits;
mod crowd;
mod ending;
mod erasure;
mod fairness;
mod leases;
mod mail;
mod notices;
pub(crate) mod older;
mod operators;
mod orders;
mod overview;
mod previews;
mod purchases;
mod reaping;
mod removal_log;
mod schedules;
mod sharing;
pub(crate) mod tables;
pub(crate) mod tampering;
mod uploading;
mod uploads;
pub(crate) mod world;

use self::world::World;

macro_rules! stories {
    ($world:expr => $($chapter:ident: $($story:ident)*;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$chapter::$story($world.await).await;
            }
        )*)*
    };
}

macro_rules! every_story {
    ($world:expr) => {
        stories! { $world =>
            abuse:
                mr_7e_an_address_is_recognised_in_every_spelling_and_by_every_process_and_none_without_its_pepper
                mr_7e_once_an_account_is_gone_nothing_leads_from_a_tag_to_it
                mr_7e_a_tag_dies_on_its_day
                mr_8a_the_table_takes_no_other_signal_reason_or_term
                mr_8d_no_plain_hash_of_any_address_matches_a_tag_and_a_planted_one_is_found
                hits_of_many_at_once_are_all_counted_up_to_255
                of_ten_processes_that_share_a_folder_one_makes_the_pepper
                a_process_that_lacks_a_pepper_says_so_and_makes_no_other;
            previews:
                a_preview_is_free_lives_7_days_and_leaves_its_upload_for_a_master
                mr_8b_previews_are_counted_by_account_and_by_address
                of_many_previews_at_once_no_more_are_taken_than_there_are
                a_part_that_begins_beyond_the_end_makes_no_job_and_counts_nothing;
            access:
                a_sign_in_link_works_once_under_twenty_parallel_redeems
                a_sign_in_link_dies_at_its_minute
                a_session_ends_at_its_time_or_when_revoked
                an_api_key_ends_at_its_time_or_when_revoked
                one_address_is_one_account_however_often_it_is_ensured
                the_local_owner_is_made_once_and_is_an_operator
                nobody_sees_what_belongs_to_another_account;
            uploads:
                an_upload_becomes_ready_by_a_check
                an_offset_moves_only_from_where_it_is
                of_ten_parallel_writers_one_moves_the_offset
                an_upload_finishes_only_when_all_bytes_are_here
                a_rejected_upload_says_why_and_cannot_be_ordered
                a_check_whose_process_dies_three_times_rejects_its_upload
                an_upload_that_a_living_job_needs_is_not_deleted
                a_reference_is_kept_while_a_job_needs_it_and_goes_with_the_first
                a_deleted_upload_dooms_its_blobs_and_ends_its_check
                lists_go_backwards_in_time_page_by_page
                an_unused_upload_goes_after_seven_days_and_a_used_one_with_its_first_job;
            uploading:
                one_sender_at_a_time_and_the_next_one_is_heard_of
                of_ten_who_ask_for_an_upload_at_once_one_gets_it
                a_lock_that_is_renewed_lasts_and_one_that_is_not_lapses
                whoever_lost_the_lock_moves_nothing
                a_part_is_never_checked_ordered_or_listed
                parts_are_joined_once_however_often_it_is_asked
                the_parts_go_when_their_whole_is_finished_and_count_once
                what_cannot_be_joined_is_named_and_nothing_is_done
                an_unfinished_whole_takes_its_parts_along
                parts_that_nobody_joins_go_after_a_day;
            orders:
                the_same_key_and_body_is_the_same_job
                the_same_key_with_another_body_is_a_conflict
                of_ten_parallel_orders_with_one_key_one_makes_a_job
                an_order_of_what_is_not_there_names_the_input
                an_album_keeps_its_tracks_in_order_and_what_it_is_to_sound_like
                a_mix_keeps_what_was_decided_about_each_stem
                a_reference_that_cannot_be_used_is_named
                a_job_shows_its_place_and_its_history
                a_job_reads_back_after_the_store_was_opened_again
                a_deleted_job_is_gone_and_dooms_all_it_made;
            leases:
                a_job_is_leased_worked_on_and_completed
                two_workers_never_get_the_same_task
                a_heartbeat_keeps_a_lease_alive
                a_silent_workers_job_is_back_after_ten_seconds_with_one_death
                a_stale_fence_commits_nothing
                three_deaths_of_the_process_end_as_quarantined
                three_silent_workers_end_as_quarantined
                a_release_spends_no_attempt
                our_failures_back_off_and_the_eighth_is_the_last
                a_bad_input_fails_at_once
                new_work_wakes_a_worker;
            ending:
                a_queued_job_that_is_cancelled_is_never_leased
                a_running_job_that_is_cancelled_takes_the_lease_from_its_worker
                a_job_that_is_over_cannot_be_cancelled
                whatever_happens_a_job_ends_exactly_once
                an_abandoned_attempt_dooms_its_blobs_and_a_completed_one_does_not
                discarding_dooms_what_was_lost_and_never_what_was_committed
                every_end_is_followed_by_deletion_120_days_later;
            fairness:
                an_account_runs_two_jobs_at_a_time
                five_hundred_jobs_delay_anothers_single_job_by_one_job_at_most
                accounts_take_turns_on_one_slot;
            operators:
                a_paused_queue_gives_no_work_until_it_is_resumed
                a_retry_ends_a_backoff_and_makes_a_new_job_of_one_that_failed
                operators_see_and_end_the_jobs_of_all
                a_wait_is_estimated_once_there_is_something_to_go_by;
            credits:
                an_order_holds_its_price_and_success_captures_it
                every_other_end_gives_the_credits_back_by_itself
                an_order_that_costs_more_than_there_is_makes_no_job
                of_fifty_parallel_spends_of_the_last_credits_one_succeeds
                an_order_without_a_price_list_costs_nothing
                a_gift_is_given_once_for_each_key
                the_credits_of_a_job_that_succeeded_can_be_given_back_once
                the_ledger_tells_every_movement_page_by_page_to_its_owner_alone
                a_quote_tells_the_price_and_writes_nothing;
            purchases:
                a_payment_buys_its_credits_once_however_often_it_is_told
                the_same_key_is_the_same_purchase_and_another_body_a_conflict
                another_amount_buys_nothing_and_another_payment_is_not_merged
                who_withdraws_loses_the_credits_at_once_and_has_them_again_if_the_money_stays
                money_that_went_back_takes_its_credits_along_and_gets_a_credit_note
                what_is_spent_or_held_cannot_be_withdrawn
                of_a_withdrawal_and_orders_at_the_same_time_the_credits_go_one_way
                a_dispute_freezes_what_is_there_until_it_is_decided
                an_event_about_what_is_not_there_yet_is_parked_for_a_day
                what_may_still_change_is_looked_at_ever_more_rarely
                a_purchase_that_could_not_be_opened_ends;
            schedules:
                any_schedule_of_payments_and_failures_comes_out_the_same
                a_handler_that_believes_every_event_is_caught;
            reaping:
                mr_7f_a_job_and_its_input_are_there_at_120_days_less_a_moment_and_gone_at_120_days
                mr_7f_a_removed_job_leaves_a_receipt_of_days_and_so_does_each_thing_it_made
                mr_13c_what_its_owner_deletes_leaves_the_same_receipt
                mr_7b_an_upload_that_was_never_finished_or_never_used_goes_at_its_own_time
                a_place_is_given_up_only_after_two_empty_looks_a_minute_apart
                a_place_that_cannot_be_emptied_is_tried_again_for_ever_and_told_as_stuck
                bytes_that_no_row_knows_are_doomed_when_they_are_seen_again_a_day_later
                a_freeze_stands_until_somebody_ends_it
                an_approval_covers_what_is_due_and_nothing_after
                the_last_reading_of_a_start_is_kept_and_a_new_start_gets_the_latest_of_any;
            removal_log:
                mx_23_each_removal_is_told_until_it_is_written_down
                mx_23_what_a_copy_brings_back_goes_again_and_the_rest_stays
                mx_23_an_account_that_goes_again_is_paid_nothing_back_by_a_copy;
            sharing:
                mx_5_the_same_file_twice_in_one_account_lies_here_once_and_goes_with_its_last_upload
                mx_5_two_accounts_share_nothing_and_of_two_twins_at_the_same_time_the_second_finds_the_first
                mx_5_a_shared_place_is_known_and_no_late_writer_of_a_removed_upload_takes_it
                mx_5_of_twins_that_go_at_the_same_time_the_last_takes_their_place_along
                mx_5_what_an_account_has_twice_counts_once_and_a_length_that_was_not_told_as_the_longest
                mx_5_an_upload_with_metadata_beside_its_bytes_shares_nothing;
            mail:
                mr_3b_a_mailed_link_signs_in_once_however_many_open_it_at_once
                mr_3b_a_mailed_link_ends_with_its_ten_minutes
                mc_2_what_is_kept_of_an_agreement_is_a_boolean_and_a_version
                mc_17_the_owner_is_told_of_a_browser_that_was_not_there
                mr_3b_an_address_gets_five_mails_an_hour_and_never_hears_of_the_sixth
                mr_3b_a_network_asks_twenty_times_an_hour
                mr_3b_paces_hold_however_many_ask_at_once
                a_mail_is_with_one_sender_at_a_time_and_is_tried_again_ever_more_rarely
                a_mail_is_tried_eight_times_and_not_beyond_its_time
                mr_13b_an_address_changes_by_its_own_link_and_the_old_one_is_told
                a_link_signs_in_or_proves_an_address_and_not_the_other
                what_was_asked_for_is_forgotten;
            notices:
                mr_7g_a_result_is_told_of_fourteen_and_three_days_before_it_goes_once_each
                mr_7g_what_goes_within_the_same_day_is_told_in_one_mail
                mr_7g_however_many_give_a_notice_at_once_there_is_one_mail
                mr_7g_nobody_is_told_of_a_preview_of_a_failure_or_of_what_a_frozen_reaper_leaves;
            erasure:
                mr_7c_of_an_erased_account_no_row_is_left_and_its_worker_loses_its_lease
                mr_7c_an_erasure_amid_orders_uploads_and_leases_leaves_nothing_of_the_account
                mr_13c_the_receipt_of_an_account_is_verified_with_its_last_place
                bp_22_who_may_pay_is_kept_with_the_last_terms_until_the_account_goes
                mc_21_what_was_bought_and_not_used_goes_back_and_the_books_stay_without_the_person
                mx_24_of_two_jobs_on_one_upload_the_second_renders_after_the_first_was_erased
                mx_24_an_erased_account_takes_its_own_upload_along_whatever_others_hold
                mr_8d_without_keys_jobs_are_seen_without_what_people_wrote_and_nothing_is_written
                mx_17_keys_of_accounts_are_wrapped_anew_and_older_ones_are_not_needed_any_more
                a_price_is_no_reason_to_keep_a_title;
            blob_keys:
                a_blob_has_a_key_for_each_of_its_writes_until_it_is_shredded
                mx_17_what_removes_a_row_destroys_its_keys_in_the_same_moment
                shredding_a_prefix_takes_all_below_it_and_nothing_beside_it
                keys_are_wrapped_anew_unless_they_were_shredded_meanwhile;
            audit:
                every_act_leaves_a_row_that_says_who_why_and_what_came_of_it
                acts_of_many_at_once_make_one_chain
                an_end_that_was_noted_is_recognised_and_another_is_not;
            overview:
                a_queue_tells_how_long_jobs_waited_and_ran
                failures_are_grouped_by_what_went_wrong_and_where
                workers_are_told_with_what_they_run_and_silent_ones_too
                what_is_to_go_is_told_and_what_should_have_gone
                a_full_queue_takes_no_more_and_still_knows_what_it_took;
            crowd:
                the_cap_holds_however_many_processes_ask_at_once
                a_crowd_at_one_account_meets_no_error_and_every_job_ends_once;
        }
    };
}

mod sqlite {
    use super::World;
    every_story!(World::on_sqlite());
}

mod postgres {
    use super::World;
    every_story!(World::on_postgres());
}
