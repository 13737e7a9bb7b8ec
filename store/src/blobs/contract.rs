//! The stories every place for blobs must pass. A place is done when its line at the end of this file passes.

mod abandoned;
mod arriving;
mod deleting;
mod faults;
mod keys;
mod removal_log;
mod sealed;
mod world;

use self::world::World;

macro_rules! stories {
    ($world:expr => $($chapter:ident: $($story:ident)*;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                if let Some(world) = $world.await {
                    super::$chapter::$story(world).await;
                }
            }
        )*)*
    };
}

macro_rules! every_story {
    ($world:expr) => {
        stories! { $world =>
            sealed:
                a_blob_reads_back_whole_with_its_hash
                any_part_of_a_blob_reads_back
                mx_17_what_is_stored_tells_nothing_of_what_was_given
                a_flipped_bit_is_found_wherever_it_is
                a_blob_that_lost_or_gained_bytes_is_found
                a_blob_in_the_place_of_another_is_found
                a_part_before_the_damage_reads_and_the_whole_does_not
                a_blob_whose_bytes_are_gone_is_not_there
                a_source_that_breaks_off_leaves_no_blob_and_no_part_of_one
                a_blob_that_is_written_again_has_the_new_bytes_under_a_new_key
                of_two_who_write_one_blob_one_wins_whole;
            deleting:
                deleting_an_attempt_leaves_the_other_attempts_of_its_job
                deleting_one_blob_leaves_those_whose_names_begin_alike
                mx_17_bytes_that_come_back_after_a_deletion_stay_unreadable
                a_blob_that_is_deleted_while_it_is_written_does_not_stay
                all_that_lies_below_a_prefix_is_listed_with_name_and_size;
            arriving:
                an_upload_resumes_at_what_was_acknowledged_whatever_lies_beyond
                an_upload_that_lost_acknowledged_bytes_is_an_error_and_not_padded
                an_upload_becomes_its_source_and_its_pieces_go
                an_upload_of_nothing_has_an_empty_source
                an_assembly_goes_on_wherever_it_was_interrupted
                a_piece_whose_bytes_are_lost_is_found_before_the_upload_is_complete
                bytes_beyond_what_memory_holds_become_pieces_before_they_are_acknowledged
                a_sender_that_wakes_after_it_lost_the_lock_harms_nothing
                parts_become_one_source_in_the_order_they_are_named;
            keys:
                mx_17_without_the_key_that_wrapped_nothing_opens
                mx_17_blobs_stay_readable_while_their_keys_are_wrapped_anew;
            removal_log:
                mx_23_removals_are_written_down_by_day_and_read_by_whoever_has_no_keys;
            abandoned:
                what_a_write_left_goes_after_a_day_by_our_own_record;
        }
    };
}

mod folder {
    use super::World;
    every_story!(World::in_a_folder());
}

mod bucket {
    use super::World;
    use super::world::Versions::Lost;
    every_story!(World::in_a_bucket(Lost));
}

mod bucket_with_versions {
    use super::World;
    use super::world::Versions::Kept;
    every_story!(World::in_a_bucket(Kept));
}
