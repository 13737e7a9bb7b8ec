//! What is tried, at what, and which walls keep it.

use worker::cage::Layer;

/// One attempt; its deed is in `actions.c` under the same name.
#[derive(Debug)]
pub struct Action {
    pub name: &'static str,
    pub target: Target,
    /// Outside the cage nobody but the superuser can do it, on some machines.
    pub only_for_root: bool,
    /// The one wall that keeps it, if there is only one.
    pub kept_by: Option<Layer>,
}

/// What an action is aimed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Nothing,
    /// A path of the machine.
    Path(&'static str),
    /// A file beside the scratch folder.
    Secret,
    /// An input in its own scratch folder.
    OwnInput,
    /// An input in the scratch folder of another job.
    OtherJob,
    /// A file that is not there, beside the scratch folder.
    New,
    /// The listener of the test, by its port.
    Port,
    /// One that takes datagrams.
    DatagramPort,
    /// A socket in the file system.
    Socket,
    /// The process that started the child.
    Parent,
    /// A file that is open when the child starts, by its number.
    Inherited,
}

use Layer::{Calls, Files, Limits, Privileges};
use Target::{DatagramPort, Inherited, New, Nothing, OtherJob, OwnInput, Parent, Path, Port, Secret, Socket};

const fn action(name: &'static str, target: Target) -> Action {
    Action { name, target, only_for_root: false, kept_by: None }
}

impl Action {
    const fn kept_by(self, layer: Layer) -> Self {
        Self { kept_by: Some(layer), ..self }
    }

    const fn of_root(self) -> Self {
        Self { only_for_root: true, ..self }
    }
}

/// All of them.
pub const ACTIONS: &[Action] = &[
    action("read_a_file", Path("/etc/passwd")).kept_by(Files),
    action("read_a_file", OtherJob).kept_by(Files),
    action("read_a_file", Secret).kept_by(Files),
    action("read_a_file", Path("/proc/self/environ")),
    action("list_a_folder", Path("/")).kept_by(Files),
    action("list_a_folder", Path("/proc")).kept_by(Files),
    action("write_a_file", New).kept_by(Files),
    action("write_a_file", OtherJob).kept_by(Files),
    action("write_a_file", OwnInput).kept_by(Files),
    action("truncate_a_file", OtherJob),
    action("change_its_mode", OtherJob).kept_by(Calls),
    action("move_it_away", OtherJob).kept_by(Files),
    action("remove_it", OtherJob).kept_by(Files),
    action("symbolic_link", Path("/etc/passwd")),
    action("hard_link", OtherJob),
    action("through_a_link", Secret).kept_by(Files),
    action("climb_up", Secret).kept_by(Files),
    action("pipe_in_its_folder", Nothing),
    action("device", Nothing).of_root(),
    action("inherited_file", Inherited).kept_by(Privileges),
    action("by_handle", Secret).of_root(),
    action("bind_tcp", Nothing),
    action("connect_tcp", Port),
    action("send_udp", DatagramPort).kept_by(Calls),
    action("unix_socket", Socket).kept_by(Calls),
    action("netlink_socket", Nothing).kept_by(Calls),
    action("packet_socket", Nothing).of_root(),
    action("pair_of_sockets", Nothing).kept_by(Calls),
    action("fork_once", Nothing).kept_by(Calls),
    action("clone_process", Nothing).kept_by(Calls),
    action("clone_process_anew", Nothing).kept_by(Calls),
    action("fork_bomb", Nothing).kept_by(Calls),
    action("thread", Nothing).kept_by(Calls),
    action("execute", Path("/bin/true")),
    action("execute_memory", Nothing),
    action("signal_a_process", Parent),
    action("signal_a_thread", Parent),
    action("signal_with_data", Parent),
    action("handle_of_a_process", Parent).kept_by(Calls),
    action("trace", Parent).of_root(),
    action("memory_of_the_worker", Parent).of_root(),
    action("read_the_worker", Parent).of_root(),
    action("priority", Nothing).kept_by(Calls),
    action("mount_a_disk", Nothing).of_root(),
    action("other_root", Nothing).of_root(),
    action("other_user", Nothing).of_root(),
    action("user_namespace", Nothing).of_root().kept_by(Calls),
    action("mount_namespace", Nothing).of_root(),
    action("network_namespace", Nothing).of_root(),
    action("ring", Nothing),
    action("kernel_program", Nothing).of_root(),
    action("counters", Nothing).of_root(),
    action("keys", Nothing).kept_by(Calls),
    action("faults", Nothing).kept_by(Calls),
    action("device_call", Nothing).kept_by(Calls),
    action("kernel_log", Nothing).of_root(),
    action("run_what_was_written", Nothing).kept_by(Calls),
    action("run_and_write", Nothing).kept_by(Calls),
    action("take_memory", Nothing).kept_by(Limits),
    action("large_file", Nothing).kept_by(Limits),
    action("many_files", Nothing).kept_by(Limits),
    action("turn_in_circles", Nothing).kept_by(Limits),
    action("raise_its_limits", Nothing).of_root(),
];
