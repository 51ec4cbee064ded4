import Resilience
import Storage
import TestSupport
import Testing

@Suite("Storage reserve")
struct StorageReserveTests {
    @Test("free space is the file system's, and a reserve larger than it is not free")
    func free() throws {
        let folder = try TemporaryFolder()
        let free = try #require(StorageReserve(folder: folder.path, bytes: 0, time: .system).freeBytes)
        #expect(free > 0)
        #expect(StorageReserve(folder: folder.path, bytes: 1, time: .system).isFree())
        let large = StorageReserve(folder: folder.path, bytes: free / 2 * 3, time: .system)
        #expect(!large.isFree())
        #expect(large.isFree(share: 0.5))
    }

    @Test("without a reserve, and where the free space is unknown, nothing is refused")
    func unknown() throws {
        let folder = try TemporaryFolder()
        #expect(StorageReserve(folder: folder.path, bytes: 0, time: .system).isFree())
        let nowhere = StorageReserve(folder: folder.path + "/gone", bytes: 1 << 60, time: .system)
        #expect(nowhere.freeBytes == nil && nowhere.isFree())
    }

    @Test("the file system is asked once a second at most")
    func cached() throws {
        let folder = try TemporaryFolder()
        let time = ManualTime()
        let reserve = StorageReserve(folder: folder.path + "/later", bytes: 1 << 60, time: time.source)
        try folder.write("", to: "later/file")
        time.advance(by: .milliseconds(999))
        #expect(reserve.freeBytes == nil)
        time.advance(by: .milliseconds(1))
        #expect(reserve.freeBytes != nil)
        #expect(!reserve.isFree())
    }
}
