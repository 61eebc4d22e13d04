/// The program: reads the command line, and ends with the command's exit code.
@main
enum Main {
    static func main() async {}
}
